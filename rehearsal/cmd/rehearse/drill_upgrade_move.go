package main

import (
	"context"

	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/stacks"
)

// move has a newer image published and gives one node another type. Only that node is rolled.
func (u *upgrade) move(ctx context.Context) error {
	r := u.r
	before, err := r.cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	image, err := r.cloud.ReleaseImage(stacks.ImageParameter)
	if err != nil {
		return err
	}
	if err := r.engine.SetConfigPath(ctx, settingTypes+"[0]", movedNode+"="+movedType); err != nil {
		return err
	}
	if r.settings.Nodes, err = stacks.Topology(map[string]string{movedNode: movedType}); err != nil {
		return err
	}
	result, err := r.engine.Up(ctx, "edited-type")
	if err != nil {
		return err
	}
	r.compare("machines replaced by a plain up after type and image changed", "–", result.Replaced, result.Changed() == 0)
	began := r.machines.len()
	o := r.rollOptions()
	o.Only = []string{movedNode}
	if err := roll.Run(ctx, o); err != nil {
		return err
	}
	after, err := r.cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	r.compare("image and type of "+movedNode, before.ImageID+" "+before.InstanceType, after.ImageID+" "+after.InstanceType,
		after.ImageID == image && after.InstanceType == movedType && before.ID != after.ID)
	var all []string
	for _, node := range r.settings.Nodes {
		all = append(all, node.Name)
	}
	_, replaced, _ := away(r.machines.since(began), all)
	r.compare("machines replaced with it", "–", len(replaced)-1, len(replaced) == 1)
	return nil
}
