package calico

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// chartValues are the values of the chart tigera-operator that are set here, as in its values.yaml at v3.32.2. The chart has
// no schema.
type chartValues struct {
	Operator     operatorImage       `json:"tigeraOperator,omitzero"`
	Installation enabled             `json:"installation"`
	ManageCRDs   bool                `json:"manageCRDs"`
	Tolerations  []corev1.Toleration `json:"tolerations"`
	Resources    resources           `json:"resources"`
	APIServer    enabled             `json:"apiServer"`
	Goldmane     enabled             `json:"goldmane"`
	Whisker      enabled             `json:"whisker"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type resources = corev1.ResourceRequirements

// installation is the part of an Installation's spec that is set here, as in the operator's API
// (docs.tigera.io/calico/latest/reference/installation/api).
type installation struct {
	CNI     cni           `json:"cni"`
	Network calicoNetwork `json:"calicoNetwork"`
	// PluginPath "None" leaves out Calico's CSI driver, a pod on every node that serves no purpose here.
	PluginPath string   `json:"kubeletVolumePluginPath"`
	Node       workload `json:"calicoNodeDaemonSet"`
	Typha      workload `json:"typhaDeployment"`
	Kube       workload `json:"calicoKubeControllersDeployment"`
}

type cni struct {
	Type string `json:"type"`
}

type calicoNetwork struct {
	BGP            string   `json:"bgp"`
	LinuxDataplane string   `json:"linuxDataplane"`
	MTU            int      `json:"mtu"`
	IPPools        []ipPool `json:"ipPools"`
}

type ipPool struct {
	CIDR          string `json:"cidr"`
	Encapsulation string `json:"encapsulation"`
	NATOutgoing   string `json:"natOutgoing"`
	NodeSelector  string `json:"nodeSelector"`
	BlockSize     int    `json:"blockSize"`
}

// workload overrides the resources of a workload that the operator makes.
type workload struct {
	Spec struct {
		Template struct {
			Spec struct {
				Containers []container `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type container struct {
	Name      string    `json:"name"`
	Resources resources `json:"resources"`
}

func operatorValues(a *CalicoArgs) chartValues {
	return chartValues{
		Operator: operatorImage{Version: a.OperatorTag},
		// An object of its own: before the operator has started, the API server does not know its kind.
		Installation: enabled{false},
		ManageCRDs:   true,
		Tolerations: []corev1.Toleration{
			{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
			{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		},
		Resources: limited(amounts("20m", "64Mi"), "192Mi"),
		// Kubernetes's own NetworkPolicies need neither; together they are some 300 MiB.
		APIServer: enabled{false}, Goldmane: enabled{false}, Whisker: enabled{false},
	}
}

func installationFor(a *CalicoArgs) installation {
	return installation{
		CNI: cni{Type: "Calico"},
		Network: calicoNetwork{
			// Without BGP there is no BIRD, and the operator leaves its probe out of calico-node.
			BGP:            "Disabled",
			LinuxDataplane: "Iptables",
			MTU:            a.NodeMTU - vxlanOverhead,
			IPPools: []ipPool{{
				CIDR: a.PodCIDR,
				// Not VXLANCrossSubnet: inside a subnet pods' own addresses would be on the wire, and EC2 drops
				// packets with addresses that are not the instance's.
				Encapsulation: "VXLAN", NATOutgoing: "Enabled", NodeSelector: "all()", BlockSize: blockBits,
			}},
		},
		PluginPath: "None",
		Node:       sized("calico-node", NodeRequests(), "256Mi"),
		Typha:      sized("calico-typha", amounts("20m", "48Mi"), "128Mi"),
		Kube:       sized("calico-kube-controllers", amounts("10m", "48Mi"), "128Mi"),
	}
}

// NodeRequests returns the resource requests of Calico's pod on every node.
func NodeRequests() corev1.ResourceList { return amounts("50m", "112Mi") }

func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// limited caps memory only: a network that is short of CPU time must not be slowed down further.
func limited(requests corev1.ResourceList, memory string) resources {
	return resources{Requests: requests, Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}}
}

func sized(name string, requests corev1.ResourceList, memory string) workload {
	var w workload
	w.Spec.Template.Spec.Containers = []container{{Name: name, Resources: limited(requests, memory)}}
	return w
}

// toMap converts chart values or a spec to the form that Pulumi takes.
func toMap(typed any) (map[string]any, error) {
	text, err := json.Marshal(typed)
	if err != nil {
		return nil, fmt.Errorf("write %T: %w", typed, err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("read %T back: %w", typed, err)
	}
	return out, nil
}
