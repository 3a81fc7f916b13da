package roll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Options configure a roll.
type Options struct {
	// Stack is the Pulumi stack of the nodes.
	Stack Stack
	// Connect returns a client of the API server. It is called for each step: a replaced control plane may have published
	// another kubeconfig.
	Connect func(ctx context.Context) (kubernetes.Interface, error)
	// Backup, if non-nil, saves etcd before the control plane is upgraded.
	Backup func(ctx context.Context, controlPlane Machine) error
	// SurgeName returns the name of a node's surge instance.
	SurgeName func(node string) string
	// Only limits the roll to these nodes; empty for all.
	Only []string
	// Force are nodes that are rolled although nothing changed about them. If it is not empty, only they and Only are rolled.
	Force []string
	// Types are instance types that are asked for, in turn, where AWS has no capacity for that of a node.
	Types []string
	// NoSurge starts no surge instances. Pods of nodes without data are then deleted, against their disruption budgets.
	NoSurge bool
	// Confirm, if non-nil, is called with the plan; the roll ends with ErrDeclined if it returns false.
	Confirm func(*Plan) (bool, error)
	// Lock, if non-nil, excludes deployments until release is called, and returns the ID of the lock. It is released by a roll
	// that completes. One that was interrupted keeps it: a deployment would remove surge instances that have pods.
	Lock func(ctx context.Context) (id string, release func(ctx context.Context) error, err error)
	// DrainTimeout limits the drain of one node; 15 minutes if 0.
	DrainTimeout time.Duration
	// SettleTimeout limits each wait for a node or for the pods; 10 minutes if 0.
	SettleTimeout time.Duration
	// Poll is the pause between two polls; 2 seconds if 0.
	Poll time.Duration
	// Logf, if non-nil, is called before each step.
	Logf func(format string, args ...any)
}

// ErrDeclined is returned if Confirm returned false.
var ErrDeclined = errors.New("not confirmed; nothing was rolled")

type roller struct {
	Options
	// surging are the nodes that have a surge instance now: every update must name them all.
	surging []string
	// types are those of instances for which AWS had no capacity in the type of their row, by node.
	types map[string]string
}

func newRoller(o Options) *roller {
	if len(o.Force) > 0 {
		o.Only = slices.Concat(o.Only, o.Force)
	}
	o.DrainTimeout, o.SettleTimeout = cmp.Or(o.DrainTimeout, 15*time.Minute), cmp.Or(o.SettleTimeout, 10*time.Minute)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return &roller{Options: o, types: map[string]string{}}
}

// Run makes a plan and executes it, one node at a time. It stops at the first failure; the next run continues there.
func Run(ctx context.Context, o Options) error {
	r := newRoller(o)
	plan, err := r.newPlan(ctx)
	if err != nil {
		return err
	}
	if o.Confirm != nil {
		if ok, err := o.Confirm(plan); err != nil {
			return err
		} else if !ok {
			return ErrDeclined
		}
	}
	release := func(context.Context) error { return nil }
	stack := bound{Stack: r.Stack, image: plan.image, types: r.types}
	if o.Lock != nil && len(plan.Steps) > 0 {
		var id string
		if id, release, err = o.Lock(ctx); err != nil {
			return fmt.Errorf("lock the stack: %w", err)
		}
		stack.locks = []string{id}
	}
	r.Stack = stack
	r.surging = plan.surging
	for i, step := range plan.Steps {
		r.Logf("%s: %d of %d", step.Node, i+1, len(plan.Steps))
		if err := r.node(ctx, step); err != nil {
			return fmt.Errorf("stopped at node %s, %d of %d: %w\nCompleted steps stay. Fix the cause and roll again: the roll continues here", step.Node, i+1, len(plan.Steps), err)
		}
	}
	if err := errors.Join(r.protect(ctx, plan), r.complete(ctx, plan)); err != nil {
		return err
	}
	if len(r.types) > 0 {
		r.Logf("AWS had no capacity for the types of all rows: %s. The next roll asks for those of the rows again", r.typeNames())
	}
	return release(ctx)
}

// protect protects the last instance in Pulumi too. Those before it were protected by the update after their own.
func (r *roller) protect(ctx context.Context, done *Plan) error {
	if len(done.Steps) == 0 {
		return nil
	}
	if last := done.Steps[len(done.Steps)-1]; !last.Protects || last.Surge || last.Retire || last.Complete {
		return nil
	}
	if err := r.Stack.Up(ctx, "protect", Overrides{Surge: r.surging}); err != nil {
		return fmt.Errorf("protect the last instance: %w", err)
	}
	return nil
}

// complete checks that a roll of all nodes has converged.
func (r *roller) complete(ctx context.Context, done *Plan) error {
	if len(done.Steps) == 0 {
		return nil
	}
	r.Force = nil // done
	left, err := r.newPlan(ctx)
	if err != nil {
		return fmt.Errorf("check for remaining steps: %w", err)
	}
	if len(left.Steps) > 0 {
		return fmt.Errorf("all nodes were rolled, but %s would be replaced again: its instance differs from the program at every update", left.Steps[0].Node)
	}
	return nil
}

// node executes the step of one node.
func (r *roller) node(ctx context.Context, step Step) error {
	var err error
	switch {
	case step.Complete:
		err = r.finish(ctx, step)
	case !step.Retire:
		err = r.replace(ctx, step)
	}
	if err != nil {
		return err
	}
	if step.Surge {
		if err := r.retire(ctx, step.Node); err != nil {
			return err
		}
	}
	r.Logf("%s: waiting until all pods are back", step.Node)
	return r.settled(ctx)
}

// replace drains the node and replaces its instance.
func (r *roller) replace(ctx context.Context, step Step) error {
	if err := r.prepare(ctx, step); err != nil {
		return err
	}
	if step.ControlPlane && step.Upgrade() && r.Backup != nil && step.InstanceID != "" {
		r.Logf("%s: saving etcd", step.Node)
		if err := r.Backup(ctx, step.Machine); err != nil {
			return fmt.Errorf("save etcd before the upgrade: %w", err)
		}
	}
	if err := r.vacate(ctx, step); err != nil {
		return err
	}
	r.Logf("%s: replacing the instance", step.Node)
	o := Overrides{Roll: []string{step.Node}, Surge: r.surging}
	if step.Forced {
		o.Replace = []string{step.URN}
	}
	if err := r.launch(ctx, "replace-"+step.Node, step.Node, o); err != nil {
		return fmt.Errorf("replace the instance: %w", err)
	}
	return r.joined(ctx, step.Node, step.Version)
}

// finish completes an interrupted update and waits for the instance that it created.
func (r *roller) finish(ctx context.Context, step Step) error {
	r.Logf("%s: completing the update", step.Node)
	if err := r.launch(ctx, "complete-"+step.Node, step.Node, Overrides{Surge: r.surging}); err != nil {
		return fmt.Errorf("complete the update: %w", err)
	}
	return r.joined(ctx, step.Node, step.Version)
}

// prepare creates the surge instance and lifts the deletion protection of the old instance in one update, if either is needed.
func (r *roller) prepare(ctx context.Context, step Step) error {
	more := step.Surge && !slices.Contains(r.surging, step.Node)
	if more {
		r.surging = append(slices.Clone(r.surging), step.Node)
	}
	if more || step.Protected {
		r.Logf("%s: preparing", step.Node)
		o := Overrides{Surge: r.surging}
		if step.Protected {
			o.Unprotected = []string{step.Node}
		}
		if err := r.Stack.Up(ctx, "prepare-"+step.Node, o); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	if !step.Surge {
		return nil
	}
	return r.joined(ctx, r.SurgeName(step.Node), "")
}

// vacate drains the node and deletes it. Labels and taints are set when a node registers, so the new instance must not find the
// old node. Kubernetes garbage-collects the node's last pods, those of DaemonSets.
func (r *roller) vacate(ctx context.Context, step Step) error {
	client, err := r.Connect(ctx)
	if err != nil {
		return err
	}
	if step.InstanceID != "" { // without an instance no pod would ever terminate
		r.Logf("%s: draining", step.Node)
		if err := cordon(ctx, client, step.Node, true); err != nil {
			return err
		}
		stateless := !step.ControlPlane && !step.KeepsData
		if err := r.drain(ctx, client, step.Node, stateless && !step.Surge); err != nil {
			return err
		}
	}
	return remove(ctx, client, step.Node)
}

func remove(ctx context.Context, client kubernetes.Interface, node string) error {
	if err := client.CoreV1().Nodes().Delete(ctx, node, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete node %s: %w", node, err)
	}
	return nil
}

// retire moves the pods back and deletes the surge instance.
func (r *roller) retire(ctx context.Context, node string) error {
	surge := r.SurgeName(node)
	r.Logf("%s: moving the pods back", node)
	client, err := r.Connect(ctx)
	if err != nil {
		return err
	}
	if err := cordon(ctx, client, surge, true); err != nil {
		return err
	}
	if err := r.drain(ctx, client, surge, false); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(r.surging), func(name string) bool { return name == node })
	if err := r.Stack.Up(ctx, "retire-"+node, Overrides{Surge: rest}); err != nil {
		return fmt.Errorf("delete the surge instance: %w", err)
	}
	r.surging = rest
	return remove(ctx, client, surge)
}
