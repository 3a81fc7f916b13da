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

// instanceType is the type token of an EC2 instance.
const instanceType = "aws:ec2/instance:Instance"

// userDataProperty is the property with the user data in base64.
const userDataProperty = "userDataBase64"

// Preview collects the planned changes of instances from the engine's events.
type Preview struct {
	fates map[string]roll.Fate
	steps map[string]apitype.StepEventMetadata
}

// NewPreview returns an empty Preview.
func NewPreview() *Preview {
	return &Preview{fates: map[string]roll.Fate{}, steps: map[string]apitype.StepEventMetadata{}}
}

// fateOf maps the engine's operation to the change of an instance. A replacement is several operations with one fate.
var fateOf = map[apitype.OpType]roll.Fate{
	apitype.OpSame: roll.Kept, apitype.OpUpdate: roll.Kept, apitype.OpCreate: roll.Created, apitype.OpDelete: roll.Removed,
	apitype.OpReplace: roll.Replaced, apitype.OpCreateReplacement: roll.Replaced, apitype.OpDeleteReplaced: roll.Replaced,
}

// Add records one event of the engine; nil and other types are ignored.
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

// Machines returns all instances of the preview, sorted by name. Its error joins all instances that cannot be decoded.
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
	m := roll.Machine{Node: name, URN: step.URN, Fate: fate}
	if step.Old != nil {
		m.InstanceID = step.Old.ID
		m.Protected, _ = step.Old.Inputs["disableApiTermination"].(bool)
	}
	if fate == roll.Removed {
		return m, nil
	}
	if step.New == nil {
		return m, errors.New("the preview has no new state")
	}
	node, err := userdata.ParseNode(text(step.New, userDataProperty))
	if err != nil {
		return m, fmt.Errorf("its new user data: %w", err)
	}
	m.Protects, _ = step.New.Inputs["disableApiTermination"].(bool)
	m.Image = text(step.New, "ami")
	m.ControlPlane, m.KeepsData, m.Version = node.ControlPlane, node.DataDisk, node.KubernetesVersion
	if fate == roll.Replaced {
		if m.Changes = changes(step); len(m.Changes) == 0 {
			m.Fate = roll.Kept
		}
	}
	return m, nil
}

// shown are the properties whose values are shown to people.
var shown = []struct{ property, title string }{{"ami", "image"}, {"instanceType", "type"}, {"keyName", "key"}, {"subnetId", "subnet"}, {"privateIp", "address"}}

// changes returns the reasons to replace an instance; none if only the list of prefetched images differs.
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
