package promtest

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
)

// gridWidth is the number of columns of Grafana's grid.
const gridWidth = 24

// Grafana's identifiers that the dashboards may use: packages/grafana-data/src/valueFormats/categories.ts and the panel
// plugins.
var (
	knownUnits = []string{"short", "percentunit", "bytes", "Bps", "s", "ops", "reqps"}
	knownKinds = []string{"row", "timeseries", "stat", "bargauge"}
)

// Dashboard holds the tested fields of a dashboard's JSON.
type Dashboard struct {
	UID        string  `json:"uid"`
	Title      string  `json:"title"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

var prometheusSource = datasource{Type: "prometheus", UID: monitoring.DatasourceUID}

type variable struct {
	Name       string     `json:"name"`
	Datasource datasource `json:"datasource"`
	Query      struct {
		Query string `json:"query"`
	} `json:"query"`
}

type panel struct {
	ID         int        `json:"id"`
	Type       string     `json:"type"`
	Title      string     `json:"title"`
	Datasource datasource `json:"datasource"`
	// Panels are those of a collapsed row.
	Panels  []panel `json:"panels"`
	GridPos struct{ H, W, X, Y int }
	Targets []struct {
		RefID      string     `json:"refId"`
		Datasource datasource `json:"datasource"`
		Expr       string     `json:"expr"`
		Instant    bool       `json:"instant"`
		Range      bool       `json:"range"`
	} `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit       string `json:"unit"`
			Thresholds *struct {
				Steps []struct {
					Value *float64 `json:"value"`
				} `json:"steps"`
			} `json:"thresholds"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

// ParseDashboards decodes dashboards and requires unique uids and titles.
func ParseDashboards(t testing.TB, files map[string]string) map[string]Dashboard {
	t.Helper()
	taken := map[string]bool{}
	out := map[string]Dashboard{}
	for file, text := range files {
		var d Dashboard
		require.NoError(t, json.Unmarshal([]byte(text), &d), file)
		require.Regexp(t, `^[a-zA-Z0-9_-]{1,40}$`, d.UID, file)
		require.NotEmpty(t, d.Title, file)
		require.NotEmpty(t, d.Panels, file)
		require.False(t, taken["uid "+d.UID] || taken["title "+d.Title], "%s: %s is not unique", file, d.UID)
		taken["uid "+d.UID], taken["title "+d.Title] = true, true
		out[file] = d
	}
	return out
}

// Check fails if Grafana would not show the dashboard as intended.
func (d Dashboard) Check(t testing.TB) {
	t.Helper()
	variables := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		assert.False(t, variables[v.Name], "%s: variable %s is not unique", d.UID, v.Name)
		assert.Equal(t, prometheusSource, v.Datasource, "%s: %s", d.UID, v.Name)
		variables[v.Name] = true
	}
	ids := map[int]bool{}
	d.checkGrid(t, d.Panels)
	for _, p := range d.allPanels() {
		assert.False(t, ids[p.ID], "%s: panel id %d is not unique", d.UID, p.ID)
		ids[p.ID] = true
		p.check(t, d.UID+", "+p.Title, variables)
	}
}

// checkGrid fails if panels overlap.
func (d Dashboard) checkGrid(t testing.TB, panels []panel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, gridWidth, "%s: %s", d.UID, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				cell := [2]int{x, y}
				require.Empty(t, taken[cell], "%s: %s covers another panel", d.UID, p.Title)
				taken[cell] = p.Title
			}
		}
	}
}

// allPanels includes the panels of collapsed rows.
func (d Dashboard) allPanels() []panel {
	var out []panel
	for _, p := range d.Panels {
		out = append(append(out, p), p.Panels...)
	}
	return out
}

var variableUse = regexp.MustCompile(`\$(\w+)`)

func (p panel) check(t testing.TB, where string, variables map[string]bool) {
	t.Helper()
	assert.Contains(t, knownKinds, p.Type, where)
	assert.NotEmpty(t, p.Title, where)
	if p.Type == "row" {
		return
	}
	assert.Equal(t, prometheusSource, p.Datasource, where)
	assert.Contains(t, knownUnits, p.FieldConfig.Defaults.Unit, where)
	require.NotEmpty(t, p.Targets, where)
	refs := map[string]bool{}
	for _, target := range p.Targets {
		assert.False(t, refs[target.RefID], "%s: query %s is not unique", where, target.RefID)
		refs[target.RefID] = true
		assert.Equal(t, prometheusSource, target.Datasource, where)
		assert.NotEqual(t, target.Instant, target.Range, where)
		for _, name := range variableUse.FindAllStringSubmatch(target.Expr, -1) {
			assert.True(t, variables[name[1]], "%s uses the undefined variable $%s", where, name[1])
		}
	}
	if thresholds := p.FieldConfig.Defaults.Thresholds; thresholds != nil {
		steps := thresholds.Steps
		require.Nil(t, steps[0].Value, where)
		for i := 2; i < len(steps); i++ {
			assert.GreaterOrEqual(t, *steps[i].Value, *steps[i-1].Value, where)
		}
	}
}

// labelValues is the query of a variable.
var labelValues = regexp.MustCompile(`^label_values\((.+), *(\w+)\)$`)

// RunQueries runs every query of the dashboard, as Grafana does, and requires a result that uses known metrics. Panels
// whose title is in needHistory may be empty: Prometheus has run for seconds only. Grafana itself cannot run here: Debian
// does not package it, and the Go proxy has no release of it.
func (p *Prometheus) RunQueries(t testing.TB, d Dashboard, known NameSet, needHistory ...string) {
	t.Helper()
	mayBeEmpty := NameSet{}
	for _, title := range needHistory {
		mayBeEmpty[title] = true
	}
	for _, v := range d.Templating.List {
		query := labelValues.FindStringSubmatch(v.Query.Query)
		require.NotNil(t, query, "%s: variable %s: %s", d.UID, v.Name, v.Query.Query)
		var values []string
		require.NoError(t, p.Get("/api/v1/label/"+query[2]+"/values", url.Values{"match[]": {query[1]}}, &values))
		assert.NotEmpty(t, values, "%s: variable %s has no values", d.UID, v.Name)
	}
	for _, panel := range d.allPanels() {
		for _, target := range panel.Targets {
			where := d.UID + ", " + panel.Title
			n, err := p.Count(fill(target.Expr))
			require.NoError(t, err, "%s: %s", where, target.Expr)
			assert.True(t, n > 0 || mayBeEmpty[panel.Title], "%s is empty: %s", where, target.Expr)
			known.Check(t, where, fill(target.Expr))
		}
	}
}

// fill replaces variables like Grafana does if "All" is selected.
func fill(expr string) string {
	return variableUse.ReplaceAllStringFunc(expr, func(name string) string {
		if name == "$__rate_interval" {
			return "2m" // four scrapes
		}
		return ".*"
	})
}

// Query is one of a panel, with each variable as if "All" were selected.
type Query struct{ Panel, Expr string }

// Queries returns those of a dashboard's JSON.
func Queries(text string) ([]Query, error) {
	var d Dashboard
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, err
	}
	var queries []Query
	for _, p := range d.allPanels() {
		for _, target := range p.Targets {
			queries = append(queries, Query{d.Title + ", " + p.Title, fill(target.Expr)})
		}
	}
	return queries, nil
}

// Uses reports whether a query of the dashboard contains the text.
func (d Dashboard) Uses(text string) bool {
	for _, p := range d.allPanels() {
		for _, target := range p.Targets {
			if strings.Contains(target.Expr, text) {
				return true
			}
		}
	}
	return false
}
