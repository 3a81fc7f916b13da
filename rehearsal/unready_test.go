package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnready_WaitingMachinesAreOneProblem(t *testing.T) {
	assert.Empty(t, unready(map[string]string{"a": "ready"}))
	assert.Equal(t, []string{"machine c: boot failed: no disk", "not ready yet: b, d"}, unready(map[string]string{
		"a": "ready", "b": "waiting: the control plane has not answered", "c": "boot failed: no disk", "d": "packages",
	}))
}
