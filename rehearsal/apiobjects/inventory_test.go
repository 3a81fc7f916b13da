package apiobjects

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInventory_Missing(t *testing.T) {
	before := Inventory{"ConfigMap a/b": "1", "Secret a/c": "2", "Node n": "3"}
	assert.Empty(t, before.Missing(Inventory{"ConfigMap a/b": "1", "Secret a/c": "2", "Node n": "3", "Pod a/new": "4"}))
	assert.Equal(t, []string{"Node n (created anew)", "Secret a/c"}, before.Missing(Inventory{"ConfigMap a/b": "1", "Node n": "9"}))
}
