package programs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/stacks"
)

// repository is the folder of the stack files.
const repository = "../.."

// load derives the design of a stack as a rehearsal does.
func load(t *testing.T, program rehearsal.Program, stack string) *rehearsal.Design {
	t.Helper()
	overrides := program.Config(40123)
	for _, key := range program.Secrets {
		overrides[key] = "test-secret"
	}
	design, err := program.Load(repository, stack, overrides)
	require.NoError(t, err)
	return design
}

func TestGrowbin_BothStacks(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		design := load(t, Growbin(), stack)
		nodes, err := stacks.Topology("prod", nil)
		require.NoError(t, err)
		require.Len(t, design.Nodes, len(nodes))
		assert.Equal(t, stack == "prod", design.Protected)
		assert.Equal(t, "k8s-master", design.ControlPlane)
		assert.Equal(t, "node-role.kubernetes.io/control-plane", design.Nodes[0].RoleLabel)
		assert.Equal(t, "node-role.kubernetes.io/control-plane", design.Nodes[0].Taints[0].Key)
		pods := 0
		for _, workload := range design.Workloads {
			pods += workload.Replicas
		}
		// dev has one pod of each worker: its nodes are smaller.
		applications := map[string]int{"dev": 19, "prod": 28}[stack]
		assert.Equal(t, applications+len(stacks.Services()), pods, "the services have one pod each")
	}
}

func TestGrowbinConfig_APIPort(t *testing.T) {
	var port int
	program := Growbin()
	program.Design = func(stack string, config map[string]string) (*rehearsal.Design, error) {
		settings, err := growbinSettings(stack, config)
		if err == nil {
			port = settings.APITunnelPort
		}
		return &rehearsal.Design{}, err
	}
	load(t, program, "dev")
	assert.Equal(t, 40123, port)
}

func TestThreeNodes(t *testing.T) {
	design := load(t, ThreeNodes(), "dev")
	assert.Len(t, design.Nodes, 3)
	assert.False(t, design.Protected)
}

func TestFind(t *testing.T) {
	for _, name := range []string{"", "growbin", "./growbin/"} {
		program, err := Find(name)
		require.NoError(t, err)
		assert.Equal(t, GrowbinName, program.Name)
	}
	program, err := Find("./examples/three-nodes/")
	require.NoError(t, err)
	assert.Equal(t, "examples/three-nodes", program.Folder)
	_, err = Find("nowhere")
	assert.ErrorContains(t, err, `PROGRAM is "nowhere": must be one of growbin`)
}
