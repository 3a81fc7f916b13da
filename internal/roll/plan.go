package roll

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Plan lists the remaining steps of a roll.
type Plan struct {
	// Server is the version of the API server, with a leading v.
	Server string
	// Steps are the steps in their order, one per node.
	Steps []Step
	// surging are the nodes that have a surge instance now, left by an interrupted roll.
	surging []string
	// image is the machine image of new instances.
	image string
}

// Step is the work on one node.
type Step struct {
	// Machine is the node's instance.
	Machine
	// Kubelet is the version that the node runs now, with a leading v; empty if the node is not in the cluster.
	Kubelet string
	// Forced is true if the node is rolled although nothing changed about it.
	Forced bool
	// Surge moves the node's pods to a surge instance while its own instance is replaced.
	Surge bool
	// Retire is true if only the surge instance remains to be deleted.
	Retire bool
	// Complete is true if only the interrupted update remains to be completed.
	Complete bool
	// HalfDone describes the state in which an interrupted roll left the node; empty if it did not touch the node.
	HalfDone string
}

// Upgrade reports whether the step changes the version of Kubernetes.
func (s Step) Upgrade() bool { return s.Kubelet != "v"+s.Version }

// newPlan reads stack and cluster. Its error lists all reasons not to start.
func (r *roller) newPlan(ctx context.Context) (*Plan, error) {
	nodes, err := r.Stack.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if problems := unknown(r.Only, nodes); len(problems) > 0 {
		return nil, refusal(problems)
	}
	machines, err := r.Stack.Machines(ctx, Overrides{Roll: nodes})
	if err != nil {
		return nil, err
	}
	state, err := r.observe(ctx)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Server: state.server}
	var problems []string
	for _, machine := range ordered(machines, nodes) {
		plan.image = machine.Image
		node, surge := state.nodes[machine.Node], r.SurgeName(machine.Node)
		temporary := slices.ContainsFunc(machines, func(m Machine) bool { return m.Node == surge && m.InstanceID != "" })
		step := Step{Machine: machine, HalfDone: halfDone(node), Surge: !r.NoSurge && !machine.ControlPlane && !machine.KeepsData}
		if node != nil {
			step.Kubelet = node.Status.NodeInfo.KubeletVersion
		}
		if temporary || state.nodes[surge] != nil {
			step.Surge, step.HalfDone = true, "has a surge instance"
			plan.surging = append(plan.surging, machine.Node)
			step.Retire = machine.Fate == Kept
		}
		step.Complete = machine.Fate == Kept && node == nil
		if slices.Contains(r.Force, machine.Node) && machine.Fate == Kept && !step.Retire && !step.Complete {
			step.Forced, step.Fate = true, Replaced
		}
		switch {
		case step.Fate == Kept && !step.Retire && !step.Complete:
			problems = append(problems, idle(machine.Node, node)...)
		case len(r.Only) > 0 && !slices.Contains(r.Only, machine.Node):
			problems = append(problems, unaffected(step, node)...)
		default:
			problems = append(problems, started(step, node)...)
			plan.Steps = append(plan.Steps, step)
		}
	}
	problems = append(problems, state.pending(plan)...)
	problems = append(problems, skew(plan, state)...)
	if len(problems) > 0 && len(plan.Steps) > 0 {
		return nil, refusal(problems)
	}
	return plan, r.checkSurge(ctx, plan)
}

// checkSurge previews the first surge instance that is still to be created: a quota that is too small must be found before
// anything is deleted. Each update checks it again.
func (r *roller) checkSurge(ctx context.Context, plan *Plan) error {
	for _, step := range plan.Steps {
		if !step.Surge || step.Fate == Kept || slices.Contains(plan.surging, step.Node) {
			continue
		}
		if _, err := r.Stack.Machines(ctx, Overrides{Surge: append(slices.Clone(plan.surging), step.Node)}); err != nil {
			return fmt.Errorf("nothing was rolled: there can be no surge instance for %s (--no-surge needs none, but its pods are then down): %w", step.Node, err)
		}
		return nil
	}
	return nil
}

func refusal(problems []string) error {
	return fmt.Errorf("nothing was rolled:\n  - %s", strings.Join(problems, "\n  - "))
}

func unknown(asked, nodes []string) (problems []string) {
	for _, name := range asked {
		if !slices.Contains(nodes, name) {
			problems = append(problems, fmt.Sprintf("nodes: %q must be one of %s", name, strings.Join(nodes, ", ")))
		}
	}
	return problems
}

// ordered sorts the control plane first: no kubelet may be newer than the API server. Nodes with data, whose pods are down
// meanwhile, are last: a defect of the new version shows before.
func ordered(machines []Machine, nodes []string) []Machine {
	own := slices.DeleteFunc(slices.Clone(machines), func(m Machine) bool { return !slices.Contains(nodes, m.Node) })
	rank := func(m Machine) int {
		switch {
		case m.ControlPlane:
			return 0
		case !m.KeepsData:
			return 1
		}
		return 2
	}
	slices.SortFunc(own, func(a, b Machine) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Node, b.Node)) })
	return own
}

// halfDone describes the state in which an interrupted roll left a node.
func halfDone(node *corev1.Node) string {
	switch {
	case node == nil:
		return "is not in the cluster"
	case node.Spec.Unschedulable:
		return "is cordoned"
	}
	return ""
}

// state is the state of the cluster before the roll.
type state struct {
	server string
	nodes  map[string]*corev1.Node
	pods   []corev1.Pod
}

func (r *roller) observe(ctx context.Context) (*state, error) {
	client, err := r.Connect(ctx)
	if err != nil {
		return nil, err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("read the version of the API server: %w\nIs the tunnel open? If the update of the control plane was interrupted, complete it with pulumi up, then roll again", err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	s := &state{server: version.GitVersion, nodes: map[string]*corev1.Node{}, pods: pods.Items}
	for i := range nodes.Items {
		s.nodes[nodes.Items[i].Name] = &nodes.Items[i]
	}
	return s, nil
}
