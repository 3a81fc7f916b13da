package stacks

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestOutputs_DescribeTheCluster(t *testing.T) {
	w := deploy(t, "prod", nil)
	assert.ElementsMatch(t, []string{"clusterInfo", "nodeRoles", "sshCommands", "kubeconfig", "apiEndpoint", "urls", "loadBalancer", "monthlyCost"}, slices.Collect(maps.Keys(w.outputs)))

	info := w.outputs[OutputClusterInfo].(map[string]any)
	assert.Equal(t, "growbin-prod", info["name"])
	for key, want := range map[string]int{
		"nodes": expectedTotals.Nodes, "vcpus": expectedTotals.VCPU, "memoryGiB": expectedTotals.MemoryGiB, "diskGiB": expectedTotals.DiskGiB,
	} {
		assert.EqualValues(t, want, info[key], key)
	}
	assert.NotEmpty(t, info["controlPlaneIp"])

	roles := w.outputs[OutputNodeRoles].(map[string]string)
	commands := w.outputs[OutputSSHCommands].(map[string]string)
	require.Len(t, roles, len(topology))
	for _, node := range topology {
		assert.Equal(t, node.Purpose, roles[node.Name])
		machine, err := w.cloud.Machine(node.Name)
		require.NoError(t, err)
		assert.Equal(t, "aws ssm start-session --region ap-northeast-2 --target "+machine.ID, commands[node.Name])
	}
}

func TestOutputs_KubeconfigHasTheConfiguredAddress(t *testing.T) {
	server := func(w *world) string {
		var config struct {
			Clusters []struct {
				Cluster struct {
					Server     string `json:"server"`
					ServerName string `json:"tls-server-name"`
				} `json:"cluster"`
			} `json:"clusters"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(w.outputs[OutputKubeconfig].(string)), &config))
		assert.Equal(t, "k8s-master", config.Clusters[0].Cluster.ServerName)
		assert.Equal(t, w.outputs[OutputAPIEndpoint], config.Clusters[0].Cluster.Server)
		return config.Clusters[0].Cluster.Server
	}
	assert.Equal(t, "https://127.0.0.1:7443", server(deploy(t, "dev", map[string]string{"apiTunnelPort": "7443"})))

	direct := deploy(t, "dev", map[string]string{"apiAccess": "direct", "adminCidrs": `["` + adminIP + `/32"]`})
	master, err := direct.cloud.Machine("k8s-master")
	require.NoError(t, err)
	assert.Equal(t, "https://"+master.PublicIP+":6443", server(direct))
}
