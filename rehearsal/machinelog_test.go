package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMachineLog_Away(t *testing.T) {
	var l MachineLog
	l.launched("a")
	began := l.Len()
	l.terminated("a")
	l.launched("a")
	l.launched("a-surge")
	l.terminated("b")
	l.terminated("a")
	l.launched("b")
	most, replaced, order := Away(l.Since(began), []string{"a", "b"})
	assert.Equal(t, 2, most, "b and a were away at once")
	assert.Equal(t, map[string]int{"a": 2, "b": 1}, replaced)
	assert.Equal(t, []string{"a", "b", "a"}, order)
}
