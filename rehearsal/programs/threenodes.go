package programs

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	threenodes "github.com/growbin/cluster/examples/three-nodes/program"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/rehearsal"
)

// rolePrefix begins the label from which kubectl shows a node's role.
const rolePrefix = "node-role.kubernetes.io/"

// ThreeNodes is the example of a cluster without anything of Growbin.
func ThreeNodes() rehearsal.Program {
	return rehearsal.Program{
		Name: "examples/three-nodes", Folder: "examples/three-nodes", Stack: "dev", Run: threenodes.Deploy, KubeconfigOutput: "kubeconfig",
		Config: func(apiPort int) map[string]string {
			return map[string]string{"three-nodes:apiTunnelPort": strconv.Itoa(apiPort)}
		},
		Design: func(string, map[string]string) (*rehearsal.Design, error) { return threeNodesDesign(), nil },
	}
}

// threeNodesDesign is written out: it is the expectation against which the program's defaults are checked, too.
func threeNodesDesign() *rehearsal.Design {
	const zoneA, zoneB, instanceType = "ap-northeast-2a", "ap-northeast-2b", "t3.medium"
	web := map[string]string{"workload": "web"}
	worker := func(name, zone string) rehearsal.Node {
		return rehearsal.Node{
			Node: verify.Node{Name: name, RoleLabel: rolePrefix + "worker", Labels: web},
			Role: "worker", InstanceType: instanceType, Zone: zone,
		}
	}
	return &rehearsal.Design{
		Region: "ap-northeast-2", KubernetesVersion: "1.36.3", ControlPlane: "control-plane",
		Nodes: []rehearsal.Node{
			{
				Node: verify.Node{Name: "control-plane", RoleLabel: rolePrefix + "control-plane", Taints: []corev1.Taint{
					{Key: rolePrefix + "control-plane", Effect: corev1.TaintEffectNoSchedule},
				}},
				Role: "control-plane", InstanceType: instanceType, Zone: zoneA,
			},
			worker("web-a", zoneA), worker("web-b", zoneB),
		},
		Workloads:    []verify.Workload{{Name: "web", Replicas: 2}},
		Applications: []string{"web"},
	}
}
