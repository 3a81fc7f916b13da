package pulumistack

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/roll"
)

// instanceType is Pulumi's type of a machine.
const instanceType = "aws:ec2/instance:Instance"

// userDataProperty is what a machine boots from, in base64.
const userDataProperty = "userDataBase64"

// Preview collects what a preview would do to machines, from the engine's events.
type Preview struct {
	fates map[string]roll.Fate
	steps map[string]apitype.StepEventMetadata
}

// NewPreview starts with nothing collected.
func NewPreview() *Preview {
	return &Preview{fates: map[string]roll.Fate{}, steps: map[string]apitype.StepEventMetadata{}}
}

// fateOf is what an engine's step means for a machine. Replacing is several steps; the first decides.
var fateOf = map[apitype.OpType]roll.Fate{
	apitype.OpSame: roll.Kept, apitype.OpUpdate: roll.Kept, apitype.OpCreate: roll.Created, apitype.OpDelete: roll.Removed,
	apitype.OpReplace: roll.Replaced, apitype.OpCreateReplacement: roll.Replaced, apitype.OpDeleteReplaced: roll.Replaced,
}

// Add takes one event of the engine.
func (p *Preview) Add(event *apitype.ResourcePreEvent) {
	if event == nil || event.Metadata.Type != instanceType {
		return
	}
	step := event.Metadata
	fate, known := fateOf[step.Op]
	if !known {
		return
	}
	name := resource.URN(step.URN).Name()
	before, seen := p.steps[name]
	p.fates[name] = fate
	if !seen || before.New == nil || step.Op == apitype.OpReplace {
		p.steps[name] = step
	}
}

// Machines are all machines that the preview saw, by name. Its error holds everything that could not be understood.
func (p *Preview) Machines() ([]roll.Machine, error) {
	var machines []roll.Machine
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(p.steps)) {
		machine, err := describe(name, p.fates[name], p.steps[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("machine %s: %w", name, err))
		}
		machines = append(machines, machine)
	}
	return machines, errors.Join(problems...)
}

func describe(name string, fate roll.Fate, step apitype.StepEventMetadata) (roll.Machine, error) {
	m := roll.Machine{Node: name, Fate: fate}
	if step.Old != nil {
		m.InstanceID = step.Old.ID
		m.Protected, _ = step.Old.Inputs["disableApiTermination"].(bool)
	}
	if fate == roll.Removed {
		return m, nil
	}
	if step.New == nil {
		return m, errors.New("the preview does not say what it would be")
	}
	node, err := userdata.ParseNode(text(step.New, userDataProperty))
	if err != nil {
		return m, fmt.Errorf("its new user data: %w", err)
	}
	m.ControlPlane, m.KeepsData, m.Version = node.ControlPlane, node.DataDisk, node.KubernetesVersion
	if fate == roll.Replaced {
		if m.Changes = changes(step); len(m.Changes) == 0 {
			m.Fate = roll.Kept
		}
	}
	return m, nil
}

// shown are the properties whose values mean something to a person.
var shown = []struct{ property, title string }{{"ami", "image"}, {"instanceType", "type"}, {"keyName", "key"}, {"subnetId", "subnet"}, {"privateIp", "address"}}

// changes are the reasons to replace a machine; none when nothing would come of it but other images fetched ahead.
func changes(step apitype.StepEventMetadata) (list []string) {
	for _, s := range shown {
		if before, after := text(step.Old, s.property), text(step.New, s.property); before != after {
			list = append(list, fmt.Sprintf("%s %s → %s", s.title, cmp.Or(before, "none"), cmp.Or(after, "none")))
		}
	}
	before, after := text(step.Old, userDataProperty), text(step.New, userDataProperty)
	if !userdata.SameNode(before, after) {
		list = append(list, "user data")
	}
	if len(list) == 0 && before == after {
		list = append(list, step.Diffs...)
	}
	return list
}

func text(state *apitype.StepEventStateMetadata, property string) string {
	if state == nil {
		return ""
	}
	value, _ := state.Inputs[property].(string)
	return value
}
