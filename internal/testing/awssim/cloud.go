package awssim

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"sync"
	"time"
)

// Options configure a simulated AWS account in one region.
type Options struct {
	// Region defaults to ap-northeast-2.
	Region string
	// AccountID defaults to 000000000000.
	AccountID string
	// Quotas replaces default service quotas, by quota code ("L-1216C47A").
	Quotas map[string]float64
	// Unoffered lists instance types that a zone does not offer, by zone name.
	Unoffered map[string][]string
	// HostedZones are the names of the public DNS zones of the account.
	HostedZones []string
	// AdminIP is the address of the endpoint Admin in Reach.
	AdminIP string
	// Seed makes identifiers differ between clouds; the same seed and names give the same identifiers.
	Seed uint64
	// Boot is the effect of an instance's user data. It is called in a goroutine once the instance runs; its context
	// ends when the instance is terminated or the cloud is closed.
	Boot func(context.Context, *Machine)
	// Notice is called in a goroutine when EC2 announces that it takes a spot instance; its context ends when it does.
	Notice func(context.Context, *Machine)
	// Stop is called after an instance was stopped, Start in a goroutine once it runs again; its context ends as that of Boot.
	Stop  func(*Machine)
	Start func(context.Context, *Machine)
	// Command is the effect of a shell command that Systems Manager runs on an instance as root: its output, or an error with the
	// reason. It is called in a goroutine; its context ends as that of Boot. Without it no instance has the agent.
	Command func(context.Context, *Machine, string) (string, error)
	// Terminate is called after an instance was terminated, by the program or out of band.
	Terminate func(*Machine)
	// CopyDisk is called when a snapshot of a volume is taken, and when a volume is made of a snapshot, with the identifiers of both.
	CopyDisk func(from, to string)
	// Policies are managed policies of the account that an administrator made, as JSON, by ARN.
	Policies map[string]string
	// Prices are those of the price list in USD, by instance type or type of volume; without them the account may not read it.
	Prices map[string]float64
	// Now is the clock; it defaults to time.Now.
	Now func() time.Time
}

// Cloud is one simulated AWS account in one region. It is safe for concurrent use.
type Cloud struct {
	options Options
	mu      sync.Mutex

	vpcs        map[string]*vpc
	subnets     map[string]*subnet
	gateways    map[string]*internetGateway
	routeTables map[string]*routeTable
	natGateways map[string]*natGateway
	addresses   map[string]*address
	groups      map[string]*securityGroup
	rules       map[string]*securityGroupRule
	instances   map[string]*instance
	volumes     map[string]*volume
	snapshots   map[string]*snapshot
	keyPairs    map[string]*keyPair
	roles       map[string]*role
	profiles    map[string]*instanceProfile
	issuers     map[string]*openIDProvider // by URL without scheme
	parameters  map[string]*parameter
	// written is closed, and made anew, when a machine writes a parameter.
	written chan struct{}
	buckets map[string]*bucket
	budgets map[string]*budget
	images  *imageCatalog

	loadBalancers map[string]*loadBalancer
	listeners     map[string]*listener
	listenerRules map[string]*listenerRule
	targetGroups  map[string]*targetGroup
	certificates  map[string]*certificate
	webACLs       map[string]*webACL // by ARN
	zonesByID     map[string]*hostedZone
	topics        map[string]*topic
	logGroups     map[string]*logGroup // by name
	keys          map[string]*key      // by ID
	keyAliases    map[string]*keyAlias // by name
	documents     map[string]*ssmDocument
	alarms        map[string]*metricAlarm

	lifecyclePolicies map[string]*lifecyclePolicy
	schedules         map[string]*schedule // by name
	// commands are those that were sent, by their identifier and that of the instance.
	commands map[string]*shellCommand

	public *addressPool
	// vcpus counts running standard-family vCPUs, kept so that a launch does not count all instances.
	vcpus int
	// spotVCPUs counts those of spot instances.
	spotVCPUs int
	// noCapacity are the instance types without capacity, by zone, name and whether spot.
	noCapacity map[string]bool
	// assumed is the session of the role that runs the program; nil for a user with all rights.
	assumed *caller
	// down are the times since which instances do not run, by identifier, also of terminated ones.
	down map[string]time.Time

	objects map[string]map[string]*object // by type token, then identifier
	// stranded are attachments whose instance was terminated out of band, with its identifier.
	stranded map[string]string
	counter  int
	minted   map[string]int

	boots  boots
	ctx    context.Context
	cancel context.CancelFunc
}

// object is one managed resource: Pulumi's view of an entity.
type object struct {
	kind   *resourceType
	id     string
	name   string
	number int
	given  values
	tags   map[string]string
	entity entity
}

// New makes an empty account. Close it to end the boots it started.
func New(options Options) *Cloud {
	if options.Region == "" {
		options.Region = "ap-northeast-2"
	}
	if options.AccountID == "" {
		options.AccountID = "000000000000"
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &Cloud{
		written:     make(chan struct{}),
		options:     options,
		vpcs:        map[string]*vpc{},
		subnets:     map[string]*subnet{},
		gateways:    map[string]*internetGateway{},
		routeTables: map[string]*routeTable{},
		natGateways: map[string]*natGateway{},
		addresses:   map[string]*address{},
		groups:      map[string]*securityGroup{},
		rules:       map[string]*securityGroupRule{},
		instances:   map[string]*instance{},
		volumes:     map[string]*volume{},
		snapshots:   map[string]*snapshot{},
		keyPairs:    map[string]*keyPair{},
		roles:       map[string]*role{},
		profiles:    map[string]*instanceProfile{},
		issuers:     map[string]*openIDProvider{},
		parameters:  map[string]*parameter{},
		buckets:     map[string]*bucket{},
		budgets:     map[string]*budget{},
		images:      newImageCatalog(),
		public:      newPublicPool(),
		objects:     map[string]map[string]*object{},
		stranded:    map[string]string{},
		minted:      map[string]int{},
		noCapacity:  map[string]bool{},
		down:        map[string]time.Time{},

		loadBalancers: map[string]*loadBalancer{},
		listeners:     map[string]*listener{},
		listenerRules: map[string]*listenerRule{},
		targetGroups:  map[string]*targetGroup{},
		certificates:  map[string]*certificate{},
		webACLs:       map[string]*webACL{},
		zonesByID:     map[string]*hostedZone{},
		topics:        map[string]*topic{},
		logGroups:     map[string]*logGroup{},
		keys:          map[string]*key{},
		keyAliases:    map[string]*keyAlias{},
		documents:     map[string]*ssmDocument{},
		alarms:        map[string]*metricAlarm{},

		lifecyclePolicies: map[string]*lifecyclePolicy{},
		schedules:         map[string]*schedule{},
		commands:          map[string]*shellCommand{},
	}
	for _, name := range options.HostedZones {
		z := &hostedZone{id: "Z" + upper(c.digits("zone", name, 20)), name: trimDot(name), records: map[string]*dnsRecord{}}
		c.zonesByID[z.id] = z
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Region is the region the account is simulated in.
func (c *Cloud) Region() string { return c.options.Region }

// AccountID is the simulated account's number.
func (c *Cloud) AccountID() string { return c.options.AccountID }

// Resource is one thing that exists in the account.
type Resource struct {
	// Type is Pulumi's type token, ID the cloud's identifier, Name the logical name that the program gave, or the Name tag.
	Type, ID, Name string
	// Managed resources were created through Pulumi; the others were made by AWS or by a machine.
	Managed bool
}

// Resources lists everything that exists, in the order of creation, unmanaged resources last.
func (c *Cloud) Resources() []Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var objects []*object
	for _, byID := range c.objects {
		for _, o := range byID {
			objects = append(objects, o)
		}
	}
	sort.Slice(objects, func(i, j int) bool { return objects[i].number < objects[j].number })
	var out []Resource
	for _, o := range objects {
		out = append(out, Resource{Type: o.kind.token, ID: o.id, Name: o.name, Managed: true})
	}
	return append(out, c.unmanaged()...)
}

// Left lists the resources that a destroy should have removed. A VPC's own default group or an instance's own root
// volume does not count: it goes with its owner.
func (c *Cloud) Left() []Resource {
	var out []Resource
	for _, r := range c.Resources() {
		if r.Managed || c.orphan(r) {
			out = append(out, r)
		}
	}
	return out
}

// orphan reports whether an unmanaged resource outlived its owner.
func (c *Cloud) orphan(r Resource) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, isVolume := c.volumes[r.ID]
	return isVolume && v.instance == nil
}

// unmanaged lists the entities without a Pulumi resource.
func (c *Cloud) unmanaged() []Resource {
	var out []Resource
	add := func(token, id, name string) {
		if c.objects[token][id] == nil {
			out = append(out, Resource{Type: token, ID: id, Name: name})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.routeTables)) {
		add(routeTableToken, id, "main")
	}
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		add(securityGroupToken, id, c.groups[id].name)
	}
	for _, id := range slices.Sorted(maps.Keys(c.volumes)) {
		add(volumeToken, id, c.volumes[id].tags["Name"])
	}
	return out
}

func (c *Cloud) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.options.Region, c.options.AccountID, resource)
}

func (c *Cloud) globalARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s::%s:%s", service, c.options.AccountID, resource)
}

func (c *Cloud) now() string { return c.options.Now().UTC().Format(time.RFC3339) }

// offered reports whether the zone offers an instance type.
func (c *Cloud) offered(zone, instanceType string) bool {
	return !slices.Contains(c.options.Unoffered[zone], instanceType)
}

func (c *Cloud) adminAddress() (netip.Addr, error) {
	addr, err := netip.ParseAddr(c.options.AdminIP)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("the endpoint %q needs Options.AdminIP: %w", Admin, err)
	}
	return addr, nil
}
