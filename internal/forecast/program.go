package forecast

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/internal/awssim"
)

// Engine is the lane of what Pulumi does.
const Engine = "pulumi"

const slots = "engine"

// New plans a deployment from what its program registered with the mocks.
func New(model *Model, registrations []awssim.Registration, options Options) (*Plan, error) {
	b := &builder{
		model: model, options: options, plan: &Plan{Capacity: map[string]int{slots: cmp.Or(options.Parallelism, parallelism)}},
		machines: map[string]*Machine{}, disks: map[string]string{}, types: map[string]string{}, pulled: map[string]bool{},
	}
	b.plan.add(Task{ID: "start", Lane: Engine, Label: "start and preview", Seconds: startUp})
	if err := b.look(registrations); err != nil {
		return nil, err
	}
	for _, r := range registrations {
		if err := b.resource(r); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Type, r.Name, err)
		}
	}
	for _, name := range b.names {
		if err := b.boot(b.machines[name]); err != nil {
			return nil, err
		}
	}
	if err := b.pods(); err != nil {
		return nil, err
	}
	return b.plan, errors.Join(b.problems...)
}

// builder collects the tasks.
type builder struct {
	model   *Model
	options Options
	plan    *Plan

	machines     map[string]*Machine // by name
	names        []string            // of machines, in the program's order
	controlPlane string
	joinData     string            // the task after which workers can join
	disks        map[string]string // by machine, the task after which it sees its data disk
	types        map[string]string // by URN
	pulled       map[string]bool   // pulls that are planned
	workloads    []workload
	releases     []release
	services     []service
	problems     []error
}

// look finds the machines first: what comes later refers to them.
func (b *builder) look(registrations []awssim.Registration) error {
	for _, r := range registrations {
		b.types[r.URN] = r.Type
		if r.Type != "aws:ec2/instance:Instance" {
			continue
		}
		m, err := ParseMachine(r.Name, textOf(r.Inputs, "userDataBase64"))
		if err != nil {
			return err
		}
		b.machines[r.Name], b.names = m, append(b.names, r.Name)
		b.disks[r.Name] = launchOf(r.Name)
		if m.controlPlane() {
			b.controlPlane = r.Name
		}
	}
	for _, r := range registrations {
		if r.Type == "aws:ec2/volumeAttachment:VolumeAttachment" {
			b.disks[strings.TrimSuffix(r.Name, "-data")] = "attach/" + r.Name
		}
	}
	if b.controlPlane == "" {
		return errors.New("no machine's user data makes it a control plane")
	}
	return nil
}

func (b *builder) joinDataOf() string { return "join-data/" + b.controlPlane }

// seconds by type, for what takes one span.
var seconds = map[string]float64{
	"aws:ec2/internetGateway:InternetGateway":                   apiCall,
	"aws:ec2/routeTable:RouteTable":                             apiCall,
	"aws:ec2/route:Route":                                       apiCall,
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       apiCall,
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           apiCall + endpointDelay,
	"aws:ec2/securityGroup:SecurityGroup":                       securityRule,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityRule,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   securityRule,
	"aws:ec2/eip:Eip":                                           apiCall,
	"aws:ec2/eipAssociation:EipAssociation":                     apiCall,
	"aws:ec2/natGateway:NatGateway":                             100, // not part of either stack
	"aws:ebs/volume:Volume":                                     apiCall + providerDelay,
	"pulumi:providers:aws":                                      apiCall,
}

// resource plans one registration: it comes after its parent and what it depends on.
func (b *builder) resource(r awssim.Registration) error {
	after := b.after(r)
	if !r.Custom {
		b.plan.add(Task{ID: r.URN, Lane: Engine, Label: r.Name, After: after})
		return nil
	}
	t := Task{ID: r.URN, Lane: Engine, Label: shortType(r.Type) + " " + r.Name, After: after, Uses: slots}
	switch {
	case r.Type == "aws:ec2/instance:Instance":
		b.instance(r, t)
	case r.Type == "aws:ec2/volumeAttachment:VolumeAttachment":
		begin := t
		begin.ID, begin.Label, begin.Seconds, begin.HeldUntil = "attach/"+r.Name, "attach "+r.Name, attached, r.URN
		b.plan.add(begin)
		b.plan.add(Task{ID: r.URN, Lane: Engine, Label: t.Label, Seconds: apiCall + providerDelay - attached, After: []string{begin.ID}})
	case r.Type == "aws:iam/instanceProfile:InstanceProfile":
		t.Seconds = apiCall
		b.plan.add(t)
		b.plan.add(Task{ID: "visible/" + r.URN, Lane: Engine, Label: "EC2 knows profile " + r.Name, Seconds: iamVisible, After: []string{r.URN}})
	case r.Type == "aws:ec2/subnet:Subnet":
		t.Seconds = attributes(r, "mapPublicIpOnLaunch")
		b.plan.add(t)
	case r.Type == "aws:ec2/vpc:Vpc":
		if t.Seconds = attributes(r, "enableDnsHostnames"); b.options.HostNames {
			t.Seconds = apiCall + providerDelay
		}
		b.plan.add(t)
	case strings.HasPrefix(r.Type, "random:"):
		t.Seconds = randomResource
		b.plan.add(t)
	case r.Type == "pulumi:providers:kubernetes":
		b.provider(r, t)
	case strings.HasPrefix(r.Type, "pulumi:providers:") && r.Type != "pulumi:providers:aws":
		b.plan.add(t)
	case strings.HasPrefix(r.Type, "kubernetes:"):
		return b.object(r, t)
	default:
		taken, known := seconds[r.Type]
		if service, _, _ := strings.Cut(strings.TrimPrefix(r.Type, "aws:"), "/"); !known && slices.Contains([]string{"iam", "ssm", "s3"}, service) {
			taken, known = apiCall, true
		}
		if !known {
			return errors.New("the model has no duration for this type; give it one in internal/forecast/program.go")
		}
		t.Seconds = taken
		b.plan.add(t)
	}
	return nil
}

// attributes is the time of a resource whose attribute, if it is set, is changed after its creation.
func attributes(r awssim.Registration, name string) float64 {
	if flagOf(r.Inputs, name) {
		return apiCall + providerDelay
	}
	return apiCall
}

// after is what a registration waits for: its parent, which waits for its own dependencies, and its dependencies.
func (b *builder) after(r awssim.Registration) []string {
	after := []string{"start"}
	add := func(urn string) {
		if _, known := b.types[urn]; known && !slices.Contains(after, urn) {
			after = append(after, urn)
		}
	}
	add(r.Parent)
	for _, urn := range r.Dependencies {
		add(urn)
	}
	provider, _, _ := cutLast(r.Provider, "::")
	add(provider)
	return after
}

// instance is launched once its profile can be used, and holds its place in the engine until the provider sees it run.
func (b *builder) instance(r awssim.Registration, t Task) {
	for _, urn := range t.After {
		if b.types[urn] == "aws:iam/instanceProfile:InstanceProfile" {
			t.After = append(t.After, "visible/"+urn)
		}
	}
	begin := t
	begin.ID, begin.Label, begin.Seconds, begin.HeldUntil = launchOf(r.Name), "launch "+r.Name, launch, r.URN
	b.plan.add(begin)
	b.plan.add(Task{ID: r.URN, Lane: Engine, Label: "see " + r.Name + " run", Seconds: noticed, After: []string{begin.ID}})
}

// provider waits for the control plane, which the program polls.
func (b *builder) provider(r awssim.Registration, t Task) {
	poll := b.plan.add(Task{
		ID: "poll/" + r.URN, Lane: Engine, Label: "find the kubeconfig", Seconds: b.poll(),
		After: append(slices.Clone(t.After), joinedBy(b.controlPlane)),
	})
	t.After, t.Seconds, t.Label = append(t.After, poll), providerStart, "connect to Kubernetes"
	b.plan.add(t)
}

// poll is what the program waits on average until it looks again.
func (b *builder) poll() float64 {
	if b.options.SlowPolls {
		return slowPoll * pollAverage
	}
	return b.model.PollInterval * pollAverage
}

func shortType(token string) string { return token[strings.LastIndex(token, ":")+1:] }

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

// plain removes the marks of secrets.
func plain(value resource.PropertyValue) resource.PropertyValue {
	for value.IsSecret() || value.IsOutput() {
		if value.IsSecret() {
			value = value.SecretValue().Element
		} else {
			value = value.OutputValue().Element
		}
	}
	return value
}

func textOf(object resource.PropertyMap, key string) string {
	if value := plain(object[resource.PropertyKey(key)]); value.IsString() {
		return value.StringValue()
	}
	return ""
}

func flagOf(object resource.PropertyMap, key string) bool {
	value := plain(object[resource.PropertyKey(key)])
	return value.IsBool() && value.BoolValue()
}
