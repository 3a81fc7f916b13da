package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The cluster gets the values that a person sets, each in its place.
func TestClusterArgs_AreTheSettings(t *testing.T) {
	settings, err := decode(t, "prod", map[string]string{
		"podCidr": "172.20.0.0/16", "serviceCidr": "172.21.0.0/16", "adminCidrs": `["198.51.100.7/32"]`, "apiAccess": "direct", "sshKeyName": "team",
		"etcdBackupKeepDays": "21", "creditSpecification": "standard", "rollNodes": `["k8s-redis"]`,
	})
	require.NoError(t, err)
	args := settings.clusterArgs(&liveAccount{})
	assert.Equal(t, "172.20.0.0/16", args.PodCIDR)
	assert.Equal(t, "172.21.0.0/16", args.ServiceCIDR)
	assert.Equal(t, []string{"198.51.100.7/32"}, args.AdminCIDRs)
	assert.Equal(t, "team", args.KeyName)
	assert.Equal(t, 21, args.BackupKeepDays)
	assert.Equal(t, "standard", args.CPUCredits)
	assert.True(t, args.DeletionProtection, "prod")
	assert.Empty(t, args.APIServerURL, "the API server's own address")
	assert.Equal(t, []string{"infrastructure"}, args.DNSRoles)

	require.Len(t, args.Nodes, len(expectedNodes))
	for _, node := range args.Nodes {
		want := expectedNodes[node.Name]
		assert.Equal(t, want.workload, node.Labels["workload"], node.Name)
		assert.Equal(t, want.kind, node.Labels["type"], node.Name)
		assert.Equal(t, want.dataGiB, node.DataGiB, node.Name)
		assert.Equal(t, settings.AvailabilityZones[want.zone], node.Zone, node.Name)
		assert.Equal(t, node.Name == "k8s-redis", node.Roll, node.Name)
		assert.Equal(t, want.maxPods, node.MaxPods, node.Name)
		dedicated := ""
		for _, taint := range node.Taints {
			if taint.Key == "growbin.app/dedicated" {
				dedicated = taint.Value
			}
		}
		assert.Equal(t, want.dedicated, dedicated, node.Name)
	}

	tunneled, err := decode(t, "prod", map[string]string{"apiAccess": "sessionManager", "apiTunnelPort": "17443"})
	require.NoError(t, err)
	assert.Equal(t, "https://127.0.0.1:17443", tunneled.clusterArgs(&liveAccount{}).APIServerURL)
}
