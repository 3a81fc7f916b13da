package boot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func TestSteps_AllSimulated(t *testing.T) {
	a := newAccount()
	for _, m := range []Machine{controlPlaneMachine(t, a, "i-1", ""), workerMachine(t, a, "i-2", "worker", "10.0.1.5")} {
		node, err := userdata.ParseNode(m.UserData)
		require.NoError(t, err)
		assert.Contains(t, node.Steps, userdata.StepPackages)
		for _, step := range node.Steps {
			assert.Contains(t, simulated, step)
		}
	}
}

func TestSteps_Unknown(t *testing.T) {
	a := &attempt{World: failingWorld(t), node: &userdata.Node{Steps: []string{"polish"}}}
	assert.ErrorContains(t, a.run(t.Context()), "boot step polish cannot be rehearsed")
}
