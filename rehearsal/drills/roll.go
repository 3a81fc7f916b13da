package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/stacks"
)

// rollStack implements roll.Stack on the rehearsed stack. It differs from the roll command in the engine alone.
type rollStack struct{ *rehearsal.Rehearsal }

var _ roll.Stack = rollStack{}

var rollSettings = pulumistack.Settings{
	Roll: stacks.SettingRollNodes, Surge: stacks.SettingSurgeNodes, Unprotected: stacks.SettingUnprotectedNodes, Locks: stacks.SettingRollLocks,
	Image: stacks.SettingRollImage, Types: stacks.SettingInstanceTypes,
}

// Nodes implements roll.Stack.
func (s rollStack) Nodes(ctx context.Context) ([]string, error) {
	var roles map[string]string
	err := s.Engine.Output(ctx, stacks.OutputNodeRoles, &roles)
	return slices.Sorted(maps.Keys(roles)), err
}

// Machines implements roll.Stack.
func (s rollStack) Machines(ctx context.Context, o roll.Overrides) ([]roll.Machine, error) {
	preview := pulumistack.NewPreview()
	err := s.operate(o, func(options engine.RunOptions) error {
		options.OnStep = preview.Add
		_, err := s.Engine.Preview(ctx, "roll-plan", options)
		return err
	})
	if err != nil {
		return nil, err
	}
	return preview.Machines()
}

// Up implements roll.Stack.
func (s rollStack) Up(ctx context.Context, title string, o roll.Overrides) error {
	return s.operate(o, func(options engine.RunOptions) error {
		_, err := s.Engine.Up(ctx, "roll-"+title, options)
		return err
	})
}

func (s rollStack) operate(o roll.Overrides, do func(engine.RunOptions) error) error {
	path, remove, err := pulumistack.ConfigFile(s.Engine.WorkDir(), s.Options.Stack, rollSettings, o)
	if err != nil {
		return err
	}
	defer remove()
	return do(engine.RunOptions{ConfigFile: path, Replace: o.Replace})
}

// backup saves etcd as the service on the control plane does.
func (s rollStack) backup(ctx context.Context, m roll.Machine) error {
	machine, err := s.Cloud.Machine(m.InstanceID)
	if err != nil {
		return err
	}
	manifest, err := s.World.Backup(ctx, boot.Simulated(s.Cloud, machine))
	if err == nil {
		s.Console.Logf("%s: backup %s of etcd revision %d", m.Node, manifest.Name, manifest.Revision)
	}
	return err
}

// rollOptions are those of the roll command, with the timeouts of a rehearsal.
func rollOptions(r *rehearsal.Rehearsal) roll.Options {
	return roll.Options{
		Stack: rollStack{r}, Backup: rollStack{r}.backup, SurgeName: stacks.SurgeName,
		Connect: func(ctx context.Context) (kubernetes.Interface, error) { return r.Client(ctx) },
		// A pod whose eviction was interrupted by the loss of the API server counts as disrupted for two minutes.
		DrainTimeout: 2*time.Minute + rehearsal.Patience, SettleTimeout: rehearsal.Patience, Poll: 200 * time.Millisecond,
		Confirm: func(plan *roll.Plan) (bool, error) { return true, plan.Print(r.Console.Writer) },
		Logf:    func(format string, args ...any) { r.Console.Logf("%s", fmt.Sprintf(format, args...)) },
	}
}
