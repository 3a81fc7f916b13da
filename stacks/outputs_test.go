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
	assert.ElementsMatch(t, []string{"clusterInfo", "nodeRoles", "sshCommands", "kubeconfig", "apiEndpoint", "urls", "loadBalancer", "nodes", "credentials", "monthlyCost", "removedNodes"}, slices.Collect(maps.Keys(w.outputs)))

	master, err := w.cloud.Machine("k8s-master")
	require.NoError(t, err)
	info := maps.Clone(w.outputs[OutputClusterInfo].(map[string]any))
	for key, logical := range map[string]string{"imagesBucket": "growbin-prod-images", "backupsBucket": "growbin-prod-backups", "dumpsBucket": "growbin-prod-dumps"} {
		assert.Equal(t, plain(w.mocks.One(t, "aws:s3/bucketV2:BucketV2", logical).Outputs["bucket"]).StringValue(), info[key], key)
		delete(info, key)
	}
	assert.NotEmpty(t, info["vpcId"])
	delete(info, "vpcId")
	assert.EqualValues(t, map[string]any{
		"name": "growbin-prod", "region": "ap-northeast-2", "kubernetesVersion": "1.36.3", "controlPlaneIp": master.PublicIP,
		"availabilityZones": []string{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"},
		"nodes":             expectedTotals.Nodes, "vcpus": expectedTotals.VCPU, "memoryGiB": expectedTotals.MemoryGiB, "diskGiB": expectedTotals.DiskGiB,
		"nodesByRole": map[string]int{"control-plane": 1, "api": 2, "worker": 2, "infrastructure": 4},
	}, info)

	roles := w.outputs[OutputNodeRoles].(map[string]string)
	commands := w.outputs[OutputSSHCommands].(map[string]string)
	require.Len(t, roles, len(topology))
	for _, node := range topology {
		assert.Equal(t, node.Purpose, roles[node.Name])
		machine, err := w.cloud.Machine(node.Name)
		require.NoError(t, err)
		assert.Equal(t, "aws ssm start-session --region ap-northeast-2 --document-name growbin-prod-shell --target "+machine.ID, commands[node.Name])
	}
}

func TestOutputs_Nodes(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"surgeNodes": `["k8s-worker-ai"]`})
	nodes := w.outputs[OutputNodes].(map[string]any)
	assert.Len(t, nodes, len(topology))
	for _, n := range topology {
		machine, err := w.cloud.Machine(n.Name)
		require.NoError(t, err)
		assert.Equal(t, map[string]any{
			"role": string(n.Role), "instanceType": n.InstanceType, "zone": machine.Zone, "instanceId": machine.ID,
			"privateIp": machine.PrivateIP, "publicIp": machine.PublicIP,
		}, nodes[n.Name], n.Name)
	}
}

func TestOutputs_Credentials(t *testing.T) {
	w := deploy(t, "prod", nil)
	assert.True(t, w.secret[OutputCredentials])
	services := w.outputs[OutputCredentials].(map[string]any)
	for service, want := range map[string]struct{ user, password string }{
		"rabbitmq": {"operator", "rabbitmq-operator"}, "grafana": {"admin", "monitoring-grafana-admin-password"}, "argocd": {"admin", "argocd-admin"},
	} {
		login := services[service].(map[string]any)
		assert.Equal(t, want.user, login["user"], service)
		generated := w.mocks.One(t, "random:index/randomPassword:RandomPassword", want.password)
		assert.Equal(t, plain(generated.Outputs["result"]).StringValue(), login["password"], service)
	}
	assert.Len(t, services, 3)
}

func TestOpensSSH_KeyAddressAndPort(t *testing.T) {
	open := Settings{SSHKeyName: "sesacthon", NodeSubnets: subnetsPublic, AdminCIDRs: []string{adminIP + "/32"}}
	assert.True(t, open.opensSSH())
	noKey, private, closed := open, open, open
	noKey.SSHKeyName, private.NodeSubnets, closed.AdminCIDRs = "", subnetsPrivate, nil
	for name, s := range map[string]Settings{"no key": noKey, "private": private, "no administrator": closed} {
		assert.False(t, s.opensSSH(), name)
	}
}

func TestKeyFile(t *testing.T) {
	settings := &Settings{SSHKeyName: "sesacthon"}
	assert.Equal(t, "~/.ssh/sesacthon.pem", settings.keyFile())
	settings.SSHKeyFile = "~/keys/team.pem"
	assert.Equal(t, "~/keys/team.pem", settings.keyFile())
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
