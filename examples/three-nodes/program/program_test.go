package program

import (
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

// deploy runs the program against a simulated AWS account.
func deploy(t *testing.T) (*awssim.Cloud, *mocks.Mocks) {
	t.Helper()
	cloud := awssim.New(awssim.Options{Boot: fakeboot.New(func(machine string, err error) {
		t.Errorf("%s does not boot: %v", machine, err)
	})})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(Deploy, pulumi.WithMocks("three-nodes", "dev", recorded), func(info *pulumi.RunInfo) {
		info.Config = map[string]string{"three-nodes:apiTunnelPort": "6443"}
	}))
	return cloud, recorded
}

func TestDeploy_InstancesByZone(t *testing.T) {
	cloud, _ := deploy(t)
	zones := map[string]string{}
	for _, machine := range cloud.Machines() {
		zones[machine.Name] = machine.Zone
	}
	assert.Equal(t, map[string]string{"control-plane": "ap-northeast-2a", "web-a": "ap-northeast-2a", "web-b": "ap-northeast-2b"}, zones)
	assert.Error(t, cloud.Reach(awssim.Internet, "control-plane", "tcp", 6443), "the API server is reached by Session Manager")
}

func TestDeploy_DeploymentAfterNodesJoined(t *testing.T) {
	_, recorded := deploy(t)
	web, found := recorded.Named("kubernetes:apps/v1:Deployment", "web")
	require.True(t, found)
	var roles int
	for _, dependency := range web.Dependencies {
		for _, label := range recorded.OfType("kubernetes:core/v1:NodePatch") {
			if label.URN == dependency {
				roles++
			}
		}
	}
	assert.Equal(t, 2, roles)
}

func TestProgram_Length(t *testing.T) {
	lines := 0
	for _, path := range []string{"program.go", "../main.go"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		lines += strings.Count(string(text), "\n")
	}
	assert.LessOrEqual(t, lines, 60, "an example is read as a whole")
}
