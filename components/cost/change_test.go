package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChanges_LargestGrowthFirst(t *testing.T) {
	before := []Line{{Resource: "a", Item: "disk", Bought: 300}, {Resource: "a", Item: "t3.small", Bought: 1898}, {Resource: "b", Item: "disk", Bought: 100}}
	after := []Line{{Resource: "a", Item: "disk", Bought: 400}, {Resource: "a", Item: "t3.large", Bought: 7592}, {Resource: "b", Item: "disk", Bought: 100}}
	changes := Changes(before, after)
	var texts []string
	for _, c := range changes {
		texts = append(texts, c.String())
	}
	assert.Equal(t, []string{
		"a t3.large: 0.00 → 75.92 (+75.92)", "a disk: 3.00 → 4.00 (+1.00)", "a t3.small: 18.98 → 0.00 (-18.98)",
	}, texts)
	assert.Len(t, Grown(changes), 2)
	assert.Len(t, changes, 3, "the argument is unchanged")
	assert.Empty(t, Changes(after, after))
}
