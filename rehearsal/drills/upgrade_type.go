package drills

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

// changeType publishes a newer image and gives one node another type. Only that node is rolled.
func (u *upgrade) changeType(ctx context.Context) error {
	before, err := u.Cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	image, err := u.Cloud.ReleaseImage(stacks.ImageParameter)
	if err != nil {
		return err
	}
	entry := movedNode + "=" + movedType
	if err := u.Engine.SetConfigPath(ctx, programs.KeyInstanceTypes+"[0]", entry); err != nil {
		return err
	}
	if err := u.Redesign(func(config map[string]string) { config[programs.KeyInstanceTypes] = fmt.Sprintf("[%q]", entry) }); err != nil {
		return err
	}
	result, err := u.Engine.Up(ctx, "edited-type", noOptions)
	if err != nil {
		return err
	}
	// Prometheus gets the type's alerts on CPU credits at once.
	others := slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool { return c.Name == "monitoring-prometheus" })
	u.Compare("resources but alerts changed by a plain up after type and image changed", "–", len(others), len(others) == 0)
	began := u.Machines.Len()
	o := rollOptions(u.Rehearsal)
	o.Only = []string{movedNode}
	logf := o.Logf
	o.Logf = func(format string, args ...any) { // Canonical publishes a third image while the node is replaced
		logf(format, args...)
		if fmt.Sprintf(format, args...) == movedNode+": replacing the instance" {
			_, err = u.Cloud.ReleaseImage(stacks.ImageParameter)
		}
	}
	ended := roll.Run(ctx, o)
	if err := errors.Join(ended, err); err != nil {
		return err
	}
	after, err := u.Cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	u.Compare("image and type of "+movedNode, before.ImageID+" "+before.InstanceType, after.ImageID+" "+after.InstanceType,
		after.ImageID == image && after.InstanceType == movedType && before.ID != after.ID)
	_, replaced, _ := rehearsal.Away(u.Machines.Since(began), u.Design.NodeNames())
	u.Compare("other instances replaced", "–", len(replaced)-1, len(replaced) == 1)
	return nil
}

// force replaces a node about which nothing changed.
func (u *upgrade) force(ctx context.Context) error {
	before, err := u.Cloud.Machine(forcedNode)
	if err != nil {
		return err
	}
	began := u.Machines.Len()
	o := rollOptions(u.Rehearsal)
	o.Force = []string{forcedNode}
	if err := roll.Run(ctx, o); err != nil {
		return err
	}
	after, err := u.Cloud.Machine(forcedNode)
	if err != nil {
		return err
	}
	_, replaced, _ := rehearsal.Away(u.Machines.Since(began), u.Design.NodeNames())
	u.Compare("instances replaced by force", forcedNode, fmt.Sprint(replaced), len(replaced) == 1 && before.ID != after.ID)
	return nil
}
