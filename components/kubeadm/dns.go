package kubeadm

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/validation"
)

// DNS places CoreDNS. kubeadm's own Deployment tolerates the taint of the control plane alone: with taints on all other nodes,
// names would resolve only while the control plane is there.
type DNS struct {
	// Nodes are the names of the nodes that may run CoreDNS.
	Nodes []string
	// Taints of these nodes are tolerated.
	Taints []corev1.Taint
	// Zones is the number of zones of the nodes. Each has a replica; a single zone has two.
	Zones int
}

// Validate returns all problems of the placement, joined.
func (d *DNS) Validate() error {
	var problems validation.Problems
	if len(d.Nodes) == 0 {
		problems.NotSet("Nodes", "must be the names of nodes")
	}
	for _, name := range d.Nodes {
		if len(utilvalidation.IsDNS1123Label(name)) > 0 {
			problems.Add("Nodes", name, "must be the name of a node")
		}
	}
	if d.Zones < 1 || d.Zones > len(d.Nodes) {
		problems.Add("Zones", d.Zones, "must be 1 to the number of nodes, %d", len(d.Nodes))
	}
	return problems.Err()
}

// patch returns kubeadm's patch of the Deployment of CoreDNS, as YAML. kubeadm init applies it to a recovered cluster too.
func (d *DNS) patch() (string, error) {
	labels := metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}}
	zones, replicas := int32(d.Zones), int32(max(d.Zones, 2))
	tolerations := []corev1.Toleration{
		{Key: "CriticalAddonsOnly", Operator: corev1.TolerationOpExists},
		{Key: controlPlaneTaint.Key, Effect: controlPlaneTaint.Effect},
	}
	for _, taint := range d.Taints {
		tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpEqual, Value: taint.Value, Effect: taint.Effect})
	}
	body, err := json.Marshal(appsv1.DeploymentSpec{
		Replicas: &replicas,
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Tolerations: tolerations,
			Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: d.Nodes,
				}}}},
			}}},
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: &labels,
				// The first nodes that join must not get all replicas.
				MinDomains: &zones,
				// Pods of a former revision must not count during an update.
				MatchLabelKeys: []string{appsv1.DefaultDeploymentUniqueLabelKey},
			}},
		}},
	})
	if err != nil {
		return "", fmt.Errorf("patch of CoreDNS: %w", err)
	}
	return withoutNulls(body)
}

// withoutNulls wraps the spec of a Deployment as a patch. The typed structs write the fields that they leave out as null, which
// a strategic merge patch would delete.
func withoutNulls(spec []byte) (string, error) {
	var fields map[string]any
	if err := json.Unmarshal(spec, &fields); err != nil {
		return "", fmt.Errorf("patch of CoreDNS: %w", err)
	}
	text, err := yaml.Marshal(map[string]any{"spec": prune(fields)})
	if err != nil {
		return "", fmt.Errorf("patch of CoreDNS: %w", err)
	}
	return string(text), nil
}

// prune removes nulls and empty objects.
func prune(value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key, field := range fields {
		field = prune(field)
		if object, ok := field.(map[string]any); field == nil || ok && len(object) == 0 {
			delete(fields, key)
		} else {
			fields[key] = field
		}
	}
	return fields
}
