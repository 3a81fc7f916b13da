package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/stacks"
)

// rollStack lets the package that rolls a stack work on the rehearsed one. All that differs from the roll command is whose
// engine runs the operations.
type rollStack struct{ r *rehearsal }

var _ roll.Stack = rollStack{}

var rollSettings = pulumistack.Settings{
	Roll: stacks.SettingRollNodes, Surge: stacks.SettingSurgeNodes, Unprotected: stacks.SettingUnprotectedNodes,
}

func (s rollStack) Nodes(ctx context.Context) ([]string, error) {
	var roles map[string]string
	err := s.r.engine.Output(ctx, stacks.OutputNodeRoles, &roles)
	return slices.Sorted(maps.Keys(roles)), err
}

func (s rollStack) Machines(ctx context.Context, o roll.Overrides) ([]roll.Machine, error) {
	preview := pulumistack.NewPreview()
	err := s.operate(o, func(how engine.How) error {
		how.Steps = preview.Add
		_, err := s.r.engine.PreviewWith(ctx, "roll-plan", how)
		return err
	})
	if err != nil {
		return nil, err
	}
	return preview.Machines()
}

func (s rollStack) Up(ctx context.Context, title string, o roll.Overrides) error {
	return s.operate(o, func(how engine.How) error {
		_, err := s.r.engine.UpWith(ctx, "roll-"+title, how)
		return err
	})
}

func (s rollStack) operate(o roll.Overrides, do func(engine.How) error) error {
	path, remove, err := pulumistack.ConfigFile(s.r.engine.WorkDir(), s.r.options.stack, rollSettings, o)
	if err != nil {
		return err
	}
	defer remove()
	return do(engine.How{ConfigFile: path})
}

// backup saves etcd as the service on the control plane does.
func (s rollStack) backup(ctx context.Context, m roll.Machine) error {
	machine, err := s.r.cloud.Machine(m.InstanceID)
	if err != nil {
		return err
	}
	manifest, err := s.r.world.Backup(ctx, boot.Simulated(s.r.cloud, machine))
	if err == nil {
		s.r.out.say("%s: backup %s of etcd revision %d", m.Node, manifest.Name, manifest.Revision)
	}
	return err
}

// rollOptions are those of the roll command, with the patience of a rehearsal.
func (r *rehearsal) rollOptions() roll.Options {
	return roll.Options{
		Stack: rollStack{r}, Backup: rollStack{r}.backup, SurgeName: stacks.SurgeName,
		Connect: func(ctx context.Context) (kubernetes.Interface, error) { return r.client(ctx) },
		// A pod that was about to be evicted when its API server went away counts as disrupted for two minutes.
		DrainTimeout: 2*time.Minute + patience, SettleTimeout: patience, Poll: 200 * time.Millisecond,
		Confirm: func(plan *roll.Plan) (bool, error) { return true, plan.Print(r.out.writer) },
		Say:     func(format string, args ...any) { r.out.say("%s", fmt.Sprintf(format, args...)) },
	}
}
