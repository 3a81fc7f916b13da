package promtest

import (
	"embed"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed names
var names embed.FS

// NameSet is a set of metric names.
type NameSet map[string]bool

// DocumentedNames returns the documented metrics of the programs that Samples replaces. Of kube-state-metrics, it returns
// those of the watched resources only.
func DocumentedNames(t testing.TB, watched []string) NameSet {
	t.Helper()
	ofResource := NameSet{}
	for _, resource := range watched {
		ofResource[resource] = true
	}
	documented := NameSet{}
	for _, file := range glob(t, names, "names/*.txt") {
		for _, line := range lines(t, names, file) {
			resource, name, perResource := strings.Cut(line, " ")
			switch {
			case !perResource:
				documented[line] = true
			case ofResource[resource]:
				documented[name] = true
			}
		}
	}
	return documented
}

// CheckSamples fails for every sample whose name is not documented.
func CheckSamples(t testing.TB, documented NameSet) {
	t.Helper()
	files := glob(t, samples, "samples/*.prom")
	require.Len(t, files, 7)
	for _, file := range files {
		for _, line := range lines(t, samples, file) {
			name := line[:strings.IndexAny(line, "{ ")]
			require.True(t, documented[name], "%s: %s is in none of the files in names", file, name)
		}
	}
}

// Names returns the names of all metrics that Prometheus has scraped or recorded.
func (p *Prometheus) Names(t testing.TB) NameSet {
	t.Helper()
	var list []string
	require.NoError(t, p.Get("/api/v1/label/__name__/values", nil, &list))
	known := NameSet{"ALERTS": true} // Prometheus's own series, present while an alert is
	for _, name := range list {
		known[name] = true
	}
	return known
}

// Check fails for every metric of an expression that is not in the set.
func (s NameSet) Check(t testing.TB, where, expr string) {
	t.Helper()
	used := MetricNames(expr)
	for _, name := range used {
		assert.True(t, s[name], "%s uses %s, which nothing exports", where, name)
	}
	assert.True(t, len(used) > 0 || strings.HasPrefix(expr, "vector("), "%s uses no metric: %s", where, expr)
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

// MetricNames returns the metrics that a PromQL expression uses. It removes everything else that an identifier can be;
// Prometheus itself checks the syntax.
func MetricNames(expr string) []string {
	for _, other := range []*regexp.Regexp{quoted, selectors, durations, groupings, calls, numbers} {
		expr = other.ReplaceAllString(expr, " ")
	}
	var used []string
	for _, name := range identifier.FindAllString(expr, -1) {
		if !operators[name] {
			used = append(used, name)
		}
	}
	return used
}

func glob(t testing.TB, files fs.FS, pattern string) []string {
	t.Helper()
	list, err := fs.Glob(files, pattern)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return list
}

// lines returns the lines of a file that are neither empty nor comments.
func lines(t testing.TB, files embed.FS, file string) []string {
	t.Helper()
	text, err := files.ReadFile(file)
	require.NoError(t, err)
	var out []string
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
