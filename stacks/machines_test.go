package stacks

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/internal/testing/awssim"
)

const instanceType = "aws:ec2/instance:Instance"

func TestInstances_AreTheTopology(t *testing.T) {
	for _, stack := range allStacks {
		t.Run(stack, func(t *testing.T) {
			w := deploy(t, stack, nil)
			settings, err := decode(t, stack, nil)
			require.NoError(t, err)
			require.Len(t, w.cloud.Machines(), len(settings.Nodes))
			for _, n := range settings.Nodes {
				machine, err := w.cloud.Machine(n.Name)
				require.NoError(t, err)
				assert.Equal(t, n.InstanceType, machine.InstanceType, n.Name)
				assert.Equal(t, settings.AvailabilityZones[n.Zone], machine.Zone, n.Name)
				assert.NotEmpty(t, machine.PublicIP, n.Name)
				sizes := map[bool]int{}
				for _, disk := range machine.Volumes() {
					sizes[disk.Root] = disk.SizeGiB
				}
				assert.Equal(t, n.RootGiB, sizes[true], n.Name)
				assert.Equal(t, n.DataGiB, sizes[false], n.Name)
			}
		})
	}
}

func TestInstances_Hardened(t *testing.T) {
	w := deploy(t, "prod", nil)
	for _, r := range w.mocks.OfType(instanceType) {
		assert.Equal(t, "required", at(t, r.Inputs, "metadataOptions.httpTokens").StringValue(), r.Name)
		document, err := userdata.Decode(at(t, r.Inputs, "userDataBase64").StringValue())
		require.NoError(t, err, r.Name)
		_, err = document.File("/etc/systemd/system/kubepods.slice.d/10-metadata.conf")
		assert.NoError(t, err, "%s: pods on the host's network must not use the role either", r.Name)
		assert.Equal(t, 1.0, at(t, r.Inputs, "metadataOptions.httpPutResponseHopLimit").NumberValue(), r.Name)
		assert.True(t, at(t, r.Inputs, "rootBlockDevice.encrypted").BoolValue(), r.Name)
		assert.Equal(t, "gp3", at(t, r.Inputs, "rootBlockDevice.volumeType").StringValue(), r.Name)
		assert.True(t, at(t, r.Inputs, "disableApiTermination").BoolValue(), r.Name)
		assert.False(t, r.Inputs.HasValue("keyName"), r.Name)
		assert.Equal(t, "growbin-prod", at(t, r.Outputs, "rootBlockDevice.tagsAll.Cluster").StringValue(), r.Name)
		assert.False(t, r.Inputs.HasValue("volumeTags"), "they would name the data volume, too")
		require.NotNil(t, r.Protect, r.Name)
		assert.True(t, *r.Protect, r.Name)
		assert.Equal(t, "growbin-prod", at(t, r.Outputs, "tagsAll.Cluster").StringValue(), r.Name)
	}
	for _, r := range w.mocks.OfType("aws:ebs/volume:Volume") {
		assert.True(t, at(t, r.Inputs, "encrypted").BoolValue(), r.Name)
		require.NotNil(t, r.Protect, r.Name)
		assert.True(t, *r.Protect, r.Name)
	}
}

func TestDeletionProtection_NotInDev(t *testing.T) {
	w := deploy(t, "dev", nil)
	for _, r := range w.mocks.All() {
		assert.False(t, r.Protect != nil && *r.Protect, "%s %s is protected", r.Type, r.Name)
	}
	for _, r := range w.mocks.OfType(instanceType) {
		assert.False(t, at(t, r.Inputs, "disableApiTermination").BoolValue(), r.Name)
	}
}

func TestInstances_RunningOnesArePinned(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"rollNodes": `["k8s-worker-ai"]`})
	for _, r := range w.mocks.OfType(instanceType) {
		if r.Name == "k8s-worker-ai" {
			assert.Empty(t, r.IgnoreChanges)
		} else {
			assert.Contains(t, r.IgnoreChanges, "userDataBase64", r.Name)
		}
		assert.True(t, r.DeleteBeforeReplace, r.Name)
	}
}

func TestUserData_DescribesTheNode(t *testing.T) {
	for _, stack := range allStacks {
		settings, err := decode(t, stack, nil)
		require.NoError(t, err)
		for _, n := range settings.Nodes {
			encoded, err := settings.clusterArgs(&liveAccount{}).UserData(settings.ClusterName(), n.Name, cluster.Buckets{Backups: "backups", Issuer: "issuer"})
			require.NoError(t, err)
			node, err := userdata.ParseNode(encoded)
			require.NoError(t, err, n.Name)
			assert.Equal(t, n.Name, node.Name)
			labels := map[string]string{"topology.kubernetes.io/region": "ap-northeast-2", "topology.kubernetes.io/zone": settings.AvailabilityZones[n.Zone]}
			maps.Copy(labels, n.Labels)
			assert.Equal(t, labels, node.Labels)
			assert.Equal(t, n.MaxPods, node.MaxPods)
			assert.Equal(t, n.Role == RoleControlPlane, node.ControlPlane)
			assert.Equal(t, n.DataGiB > 0, node.DataDisk)
			assert.Equal(t, settings.KubernetesVersion, node.KubernetesVersion)
			assert.Equal(t, n.Type().KubeReserved(n.MaxPods), node.KubeReserved)
			if n.Role == RoleControlPlane {
				assert.Equal(t, n.Capacity().Taints[0].Key, node.Taints[0].Key)
			} else {
				assert.Equal(t, n.Taints(), node.Taints, n.Name)
			}
		}
	}
}

// Names resolve while the control plane is away: CoreDNS has a replica in each of the three zones, and none beside the API server,
// which alone could take a lost one out of the service.
func TestUserData_CoreDNSInEachZone(t *testing.T) {
	settings, err := decode(t, "prod", nil)
	require.NoError(t, err)
	encoded, err := settings.clusterArgs(&liveAccount{}).UserData(settings.ClusterName(), "k8s-master", cluster.Buckets{Backups: "backups", Issuer: "issuer"})
	require.NoError(t, err)
	document, err := userdata.Decode(encoded)
	require.NoError(t, err)
	text, err := document.File(userdata.CoreDNSPatchPath)
	require.NoError(t, err)
	var patch appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &patch))
	assert.EqualValues(t, 3, *patch.Spec.Replicas)
	pod := patch.Spec.Template.Spec
	assert.EqualValues(t, 3, *pod.TopologySpreadConstraints[0].MinDomains)
	may := pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0].Values
	assert.ElementsMatch(t, []string{"k8s-rabbitmq", "k8s-postgresql", "k8s-redis", "k8s-monitoring"}, may)
	for _, node := range settings.Nodes {
		for _, taint := range node.Capacity().Taints {
			tolerated := slices.ContainsFunc(pod.Tolerations, func(tol corev1.Toleration) bool {
				return tol.Key == taint.Key && tol.Value == taint.Value && tol.Effect == taint.Effect
			})
			assert.Equal(t, slices.Contains(may, node.Name) || node.Role == RoleControlPlane, tolerated, node.Name) // kubeadm's own, for the latter
		}
	}
}

func TestUserData_Sources(t *testing.T) {
	settings, err := decode(t, "dev", nil)
	require.NoError(t, err)
	settings.Sources.SSMEndpoint = "http://10.1.0.1:8001"
	for _, n := range settings.Nodes {
		encoded, err := settings.clusterArgs(&liveAccount{}).UserData(settings.ClusterName(), n.Name, cluster.Buckets{Backups: "backups", Issuer: "issuer"})
		require.NoError(t, err)
		document, err := userdata.Decode(encoded)
		require.NoError(t, err)
		text, err := document.File(userdata.EnvironmentPath)
		require.NoError(t, err)
		assert.Contains(t, text, "SSM_ENDPOINT='http://10.1.0.1:8001'", n.Name)
		assert.Contains(t, text, "IMDS_ENDPOINT='http://169.254.169.254'", n.Name)
	}
}

func TestSecurityGroups_Reachability(t *testing.T) {
	const master, high, storage, rabbit = "k8s-master", "k8s-api-high-traffic", "k8s-worker-storage", "k8s-rabbitmq"
	type question struct {
		from, to awssim.Endpoint
		protocol string
		port     int
		may      bool
	}
	admin := awssim.Endpoint(adminIP)
	questions := []question{
		// The API server: every node, administrators, nobody else.
		{high, master, "tcp", 6443, true},
		{storage, master, "tcp", 6443, true},
		{rabbit, master, "tcp", 6443, true},
		{admin, master, "tcp", 6443, true},
		{awssim.Internet, master, "tcp", 6443, false},
		// The pod network, in both directions between all groups.
		{high, rabbit, "udp", 4789, true},
		{rabbit, high, "udp", 4789, true},
		{storage, nodeMonitoring, "udp", 4789, true},
		{master, storage, "udp", 4789, true},
		{awssim.Internet, storage, "udp", 4789, false},
		// Typha, kubelet, node-exporter.
		{storage, high, "tcp", 5473, true},
		{master, rabbit, "tcp", 10250, true},
		{nodeMonitoring, high, "tcp", 10250, true},
		{nodeMonitoring, master, "tcp", 9100, true},
		{high, storage, "tcp", 10250, false},
		// The nodes of the stores have the role of the monitoring node, and not its purpose.
		{rabbit, storage, "tcp", 10250, false},
		{rabbit, high, "tcp", 9100, false},
		{awssim.Internet, high, "tcp", 10250, false},
		// etcd stays with the control plane; the stores are reached through the pod network alone.
		{storage, master, "tcp", 2379, false},
		{high, rabbit, "tcp", 5672, false},
		{awssim.Internet, rabbit, "tcp", 5672, false},
		// No key, no SSH.
		{admin, master, "tcp", 22, false},
		{awssim.Internet, high, "tcp", 22, false},
		// Packages and images.
		{high, awssim.Internet, "tcp", 443, true},
		// Ports of the components.
		{rabbit, storage, "udp", ports.VXLAN, true},
		{rabbit, storage, "tcp", ports.Typha, true},
	}
	for _, port := range monitoring.NodePorts() {
		questions = append(questions, question{nodeMonitoring, storage, "tcp", port, true})
	}
	w := deploy(t, "dev", map[string]string{"adminCidrs": `["` + adminIP + `/32"]`})
	for _, q := range questions {
		err := w.cloud.Reach(q.from, q.to, q.protocol, q.port)
		if q.may {
			assert.NoError(t, err, "%s to %s %s/%d", q.from, q.to, q.protocol, q.port)
		} else {
			assert.Error(t, err, "%s to %s %s/%d", q.from, q.to, q.protocol, q.port)
		}
	}
}

// An attacker reaches the load balancer's two ports and nothing else.
func TestSecurityGroups_OnlyTheLoadBalancerIsOpenToTheWorld(t *testing.T) {
	for _, stack := range allStacks {
		w := deploy(t, stack, withDomain)
		open := map[string]bool{}
		for _, r := range w.mocks.OfType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
			if cidr, ok := r.Inputs["cidrIpv4"]; ok && cidr.StringValue() != adminIP+"/32" {
				open[r.Name] = true
			}
		}
		prefix := "growbin-" + stack + "-load-balancer-tcp-"
		assert.Equal(t, map[string]bool{prefix + "80-from-0.0.0.0-0": true, prefix + "443-from-0.0.0.0-0": true}, open)
	}
}

func TestPreflight_UnknownKeyPair(t *testing.T) {
	w, err := tryDeploy(t, "dev", map[string]string{"sshKeyName": "sesacthon"}, awssim.Options{})
	require.ErrorContains(t, err, `growbin:sshKeyName: "sesacthon" must be an EC2 key pair in ap-northeast-2`)
	assert.Empty(t, w.cloud.Machines())
	assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"))
}

func TestPreflight_QuotaTooSmall(t *testing.T) {
	w, err := tryDeploy(t, "dev", nil, awssim.Options{Quotas: map[string]float64{vcpuQuota: 16}})
	require.Error(t, err)
	assert.ErrorContains(t, err, fmt.Sprintf("the topology needs %d vCPUs but only 16 are left in ap-northeast-2", expectedTotals.VCPU))
	assert.ErrorContains(t, err, "Running On-Demand Standard")
	assert.ErrorContains(t, err, vcpuQuota)
	assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"))
}

func TestPreflight_QuotaAtItsEdge(t *testing.T) {
	for quota, enough := range map[int]bool{expectedTotals.VCPU: true, expectedTotals.VCPU - 1: false} {
		_, err := tryDeploy(t, "dev", nil, awssim.Options{Quotas: map[string]float64{vcpuQuota: float64(quota)}})
		assert.Equal(t, enough, err == nil, "%d vCPUs: %v", quota, err)
	}
}

func TestInstances_PrivateSubnetsUseNAT(t *testing.T) {
	for mode, gateways := range map[string]int{"single": 1, "perAz": 3} {
		t.Run(mode, func(t *testing.T) {
			w := deploy(t, "dev", map[string]string{
				"nodeSubnets": "private", "natGateways": mode,
				"privateSubnetCidrs": `["10.1.11.0/24","10.1.12.0/24","10.1.13.0/24"]`, "monthlyBudget": "0",
			})
			assert.Len(t, w.mocks.OfType("aws:ec2/natGateway:NatGateway"), gateways)
			for _, machine := range w.cloud.Machines() {
				assert.Empty(t, machine.PublicIP, machine.Name)
				assert.NoError(t, machine.Internet(), machine.Name)
			}
			master, err := w.cloud.Machine("k8s-master")
			require.NoError(t, err)
			assert.Equal(t, "10.1.11.10", master.PrivateIP)
		})
	}
}

func TestInstanceTypes_OverrideTheTopology(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"instanceTypes": `["k8s-worker-ai=t3.large"]`})
	machine, err := w.cloud.Machine("k8s-worker-ai")
	require.NoError(t, err)
	assert.Equal(t, "t3.large", machine.InstanceType)
	assert.EqualValues(t, expectedTotals.MemoryGiB+4, w.outputs[OutputClusterInfo].(map[string]any)["memoryGiB"])
}

func TestResources_DescendFromAComponent(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"registryUsername": "robot", "registryPassword": "robot-password"})
	components := map[string]bool{}
	for _, r := range w.mocks.All() {
		if !r.Custom && r.Type != string(resource.RootStackType) {
			components[r.URN] = true
		}
	}
	for _, r := range w.mocks.All() {
		if r.Custom && r.Type != stashType && r.Type != "pulumi:providers:aws" && r.Type != "pulumi:providers:kubernetes" {
			assert.True(t, components[r.Parent], "%s %s has parent %s", r.Type, r.Name, r.Parent)
		}
	}
}
