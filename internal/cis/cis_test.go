package cis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestControls_Complete(t *testing.T) {
	all, err := Controls()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, c := range all {
		assert.Regexp(t, `^\d+(\.\d+){1,2}$`, c.ID)
		assert.NotEmpty(t, c.Title, c.ID)
		assert.False(t, seen[c.ID], "%s appears twice", c.ID)
		seen[c.ID] = true
	}
	assert.Greater(t, len(all), 100)
}

func TestCompare(t *testing.T) {
	table := []Control{{ID: "1.1.1", Title: "Modes"}, {ID: "1.1.2", Reason: "by design"}}
	good := []Result{{ID: "1.1.1", Status: Passed, Node: "a"}, {ID: "1.1.1", Status: Passed, Node: "b"}, {ID: "1.1.2", Status: "WARN"}}
	assert.Empty(t, Compare(table, good))
	for want, results := range map[string][]Result{
		"control 1.1.1, Modes: FAIL on b, and no reason is given: 644": {good[0], {ID: "1.1.1", Status: "FAIL", Node: "b", Actual: "644"}, good[2]},
		"control 1.1.2 passes: its reason must go":                     {good[0], {ID: "1.1.2", Status: Passed}},
		"control 1.1.2 has no result":                                  good[:2],
		"control 9.9 is not in the table":                              append([]Result{{ID: "9.9", Status: Passed}}, good...),
	} {
		assert.Equal(t, []string{want}, Compare(table, results))
	}
	partly := []Result{good[0], {ID: "1.1.2", Status: Passed, Node: "a"}, {ID: "1.1.2", Status: "FAIL", Node: "b"}}
	assert.Empty(t, Compare(table, partly), "a reason stays while one node needs it")
}
