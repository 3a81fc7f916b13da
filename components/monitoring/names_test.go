package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lines returns the lines of a file that are neither empty nor comments.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var out []string
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// documented returns the metric names of testdata/names: what exporters that are not run here are known to export.
// Of kube-state-metrics, only those of the objects it is allowed to watch.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	watched := map[string]bool{}
	for _, g := range watchedObjects() {
		for _, resource := range g.resources {
			watched[resource] = true
		}
	}
	files, err := filepath.Glob("testdata/names/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	known := map[string]bool{}
	for _, path := range files {
		for _, line := range lines(t, path) {
			resource, name, ofResource := strings.Cut(line, " ")
			switch {
			case !ofResource:
				known[line] = true
			case watched[resource]:
				known[name] = true
			}
		}
	}
	return known
}

// The samples stand in for exporters in the test with a real Prometheus, so they must not invent anything.
func TestSamplesUseDocumentedNamesOnly(t *testing.T) {
	known := documented(t)
	files, err := filepath.Glob("testdata/samples/*.prom")
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, path := range files {
		for _, line := range lines(t, path) {
			name := line[:strings.IndexAny(line, "{ ")]
			require.True(t, known[name], "%s: %s is in none of testdata/names", path, name)
		}
	}
}

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	selectors  = regexp.MustCompile(`\{[^{}]*\}`)
	durations  = regexp.MustCompile(`\[[^\[\]]*\]`)
	groupings  = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)`)
	calls      = regexp.MustCompile(`[a-zA-Z_]\w*\s*\(`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][\w:]*`)
	operators  = map[string]bool{"and": true, "or": true, "unless": true, "bool": true, "by": true, "without": true}
	numbers    = regexp.MustCompile(`\b\d[\d.]*(?:e[+-]?\d+)?\b`)
)

// metricNames returns the metrics that a PromQL expression reads. It leaves out, one after the other, whatever else an
// identifier can be; the expression itself is checked by a real Prometheus.
func metricNames(expr string) []string {
	for _, other := range []*regexp.Regexp{quoted, selectors, durations, groupings, calls, numbers} {
		expr = other.ReplaceAllString(expr, " ")
	}
	var names []string
	for _, name := range identifier.FindAllString(expr, -1) {
		if !operators[name] {
			names = append(names, name)
		}
	}
	return names
}

func TestMetricNamesAreFound(t *testing.T) {
	for expr, want := range map[string][]string{
		`sum by (a, b) (rate(x_total{c="d{}"}[5m])) / on (a) group_left (b) y:z > bool 3e-2`: {"x_total", "y:z"},
		`(a_b or c_d{e=~"f\"g"}) unless vector(1)`:                                           {"a_b", "c_d"},
		`avg_over_time((a > bool on (node) b)[1d:5m])`:                                       {"a", "b"},
		`sum(x) by (y)`: {"x"},
	} {
		require.Equal(t, want, metricNames(expr), expr)
	}
}
