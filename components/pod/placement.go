package pod

import (
	"errors"
	"fmt"

	corek8s "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
)

// Placement says on which node a pod runs.
type Placement struct {
	// NodeSelector are the labels of the node; it must fit the node that holds the volume.
	NodeSelector map[string]string
	// Tolerations are for the taint that keeps others off that node.
	Tolerations []corev1.Toleration
}

// Validate returns every problem of the placement, joined.
func (p Placement) Validate() error {
	var problems []error
	if len(p.NodeSelector) == 0 {
		problems = append(problems, errors.New("NodeSelector is empty; give the labels of the node that holds the volume"))
	}
	for i, t := range p.Tolerations {
		if t.Operator == corev1.TolerationOpExists && t.Value != "" {
			problems = append(problems, fmt.Errorf("Tolerations[%d] has operator Exists and value %q; Exists takes no value", i, t.Value))
		}
	}
	return errors.Join(problems...)
}

// Selector is the placement's node selector as a pod takes it.
func (p Placement) Selector() pulumi.StringMap { return pulumi.ToStringMap(p.NodeSelector) }

// TolerationArgs are the placement's tolerations as a pod takes them.
func (p Placement) TolerationArgs() corek8s.TolerationArray {
	list := corek8s.TolerationArray{}
	for _, t := range p.Tolerations {
		args := corek8s.TolerationArgs{}
		// An empty string would be sent as "" and the API server would compare it: leave it out instead.
		set := func(to *pulumi.StringPtrInput, value string) {
			if value != "" {
				*to = pulumi.String(value)
			}
		}
		set(&args.Key, t.Key)
		set(&args.Operator, string(t.Operator))
		set(&args.Value, t.Value)
		set(&args.Effect, string(t.Effect))
		if t.TolerationSeconds != nil {
			args.TolerationSeconds = pulumi.Int(int(*t.TolerationSeconds))
		}
		list = append(list, args)
	}
	return list
}
