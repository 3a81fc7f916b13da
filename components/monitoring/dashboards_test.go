package monitoring

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Grafana's identifiers that are used here: packages/grafana-data/src/valueFormats/categories.ts and its panel plugins.
var (
	knownUnits = []string{"short", "percentunit", "bytes", "Bps", "s", "ops", "reqps"}
	knownKinds = []string{"row", "timeseries", "stat", "bargauge"}
)

func TestDashboardsAreWhatGrafanaExpects(t *testing.T) {
	uids, titles := map[string]bool{}, map[string]bool{}
	uid := regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)
	for _, board := range dashboardsFor(complete()) {
		text, err := board.render()
		require.NoError(t, err)
		var d dashboardJSON
		require.NoError(t, json.Unmarshal([]byte(text), &d))
		require.Regexp(t, uid, d.UID)
		require.False(t, uids[d.UID] || titles[d.Title], "%s is there twice", d.UID)
		uids[d.UID], titles[d.Title] = true, true
		require.NotEmpty(t, d.Panels)
		variables := checkVariables(t, d)
		checkPanels(t, d, variables)
	}
	assert.Len(t, uids, 7)
}

func checkVariables(t *testing.T, d dashboardJSON) map[string]bool {
	t.Helper()
	names := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		assert.False(t, names[v.Name], "%s: variable %s is there twice", d.UID, v.Name)
		assert.Equal(t, prometheusRef(), v.Datasource, "%s: %s", d.UID, v.Name)
		names[v.Name] = true
	}
	return names
}

func checkPanels(t *testing.T, d dashboardJSON, variables map[string]bool) {
	t.Helper()
	ids, taken := map[int]bool{}, map[[2]int]string{}
	used := regexp.MustCompile(`\$(\w+)`)
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], "%s: panel %d is there twice", d.UID, p.ID)
		ids[p.ID] = true
		assert.Contains(t, knownKinds, p.Type, d.UID)
		assert.NotEmpty(t, p.Title, d.UID)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, gridWidth, "%s: %s", d.UID, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				cell := [2]int{x, y}
				require.Empty(t, taken[cell], "%s: %s covers another panel", d.UID, p.Title)
				taken[cell] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		assert.Equal(t, prometheusRef(), p.Datasource, "%s: %s", d.UID, p.Title)
		assert.Contains(t, knownUnits, p.FieldConfig.Defaults.Unit, "%s: %s", d.UID, p.Title)
		require.NotEmpty(t, p.Targets, "%s: %s", d.UID, p.Title)
		refs := map[string]bool{}
		for _, target := range p.Targets {
			assert.False(t, refs[target.RefID], "%s: %s: query %s is there twice", d.UID, p.Title, target.RefID)
			refs[target.RefID] = true
			assert.Equal(t, prometheusRef(), target.Datasource, "%s: %s", d.UID, p.Title)
			assert.NotEqual(t, target.Instant, target.Range, "%s: %s", d.UID, p.Title)
			for _, name := range used.FindAllStringSubmatch(target.Expr, -1) {
				assert.True(t, variables[name[1]], "%s: %s uses $%s, which is no variable", d.UID, p.Title, name[1])
			}
		}
		if steps := p.FieldConfig.Defaults.Thresholds; steps != nil {
			require.Nil(t, steps.Steps[0].Value, "%s: %s", d.UID, p.Title)
			for i := 2; i < len(steps.Steps); i++ {
				assert.GreaterOrEqual(t, *steps.Steps[i].Value, *steps.Steps[i-1].Value, "%s: %s", d.UID, p.Title)
			}
		}
	}
}
