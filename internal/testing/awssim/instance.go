package awssim

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

const instanceToken = "aws:ec2/instance:Instance"

// instance is a machine that runs.
type instance struct {
	id, interfaceID, logicalName string
	subnet                       *subnet
	kind                         instanceType
	image                        image
	private                      netip.Addr
	// public is the address AWS gave for as long as the instance runs; invalid when it has none.
	public      netip.Addr
	wantsPublic bool
	address     *address // an Elastic IP, which takes the public address's place
	groups      []*securityGroup
	profile     string
	keyName     string
	// userData is in base64, as EC2 keeps it; encoded is true if the program gave it that way.
	userData string
	encoded  bool
	root     *volume
	devices  map[string]*volume // all attached volumes, the root too
	state    string             // running, stopped
	launched string
	tags     map[string]string
	volTags  map[string]string
	metadata values
	credits  string
	shutdown string
	restarts int

	monitoring, ebsOptimized, sourceDestCheck bool
	protectTermination, protectStop           bool

	// spot instances have a quota of their own.
	spot bool
	// market are the options of a spot instance.
	market values

	// running ends with the instance.
	running context.Context
	end     context.CancelFunc
	// plugged is closed and replaced whenever a volume is attached.
	plugged chan struct{}
}

var instanceResourceType = define(resourceType{
	token: instanceToken, title: "EC2 Instance",
	source: "internal/service/ec2/ec2_instance.go",
	wait:   11 * time.Second,
	seen: "volumeTags is read as one map of all attached volumes and written to all of them; deletion lifts disableApiTermination; " +
		"rootBlockDevice.tags gets the default tags",
	inputs:  instanceProperties,
	outputs: instanceOutputs,
	refused: instanceRefused,
	tagged:  true,
	check:   checkInstance,
	alsoReplaces: func(_, new values) []string {
		if new.flag("userDataReplaceOnChange") {
			return []string{"userData", "userDataBase64"}
		}
		return nil // changed user data stops and starts the instance
	},
}, createInstance, updateInstance, deleteInstance)

// instanceNamed finds a live instance for an operation.
func (c *Cloud) instanceNamed(operation, id string) (*instance, error) {
	if i := c.instances[id]; i != nil {
		return i, nil
	}
	return nil, refuseEC2(operation, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
}

// publicAddress is the Elastic IP or the one AWS gave.
func (i *instance) publicAddress() (netip.Addr, bool) {
	if i.address != nil {
		return i.address.public, true
	}
	return i.public, i.public.IsValid()
}

// assignPublic gives the instance a public address of AWS's, if it is to have one.
func (c *Cloud) assignPublic(i *instance) error {
	if !i.wantsPublic || i.address != nil {
		return nil
	}
	addr, ok := c.public.take(fmt.Sprintf("instance/%s/%d", i.logicalName, i.restarts))
	if !ok {
		return refuseEC2("RunInstances", "InsufficientAddressCapacity", "no public address is left in the simulated pool")
	}
	i.public = addr
	i.subnet.vpc.publicMappings++
	return nil
}

func (c *Cloud) releasePublic(i *instance) {
	if i.public.IsValid() {
		c.public.release(i.public)
		i.public = netip.Addr{}
		i.subnet.vpc.publicMappings--
	}
}

func (i *instance) attach(v *volume, device string, deleteOnTermination bool) {
	v.instance, v.device, v.deleteOnTermination = i, device, deleteOnTermination
	i.devices[device] = v
	close(i.plugged)
	i.plugged = make(chan struct{})
}

func (i *instance) detach(device string) {
	v := i.devices[device]
	v.instance, v.device = nil, ""
	delete(i.devices, device)
}

func (i *instance) setGroups(groups []*securityGroup) {
	for _, g := range i.groups {
		delete(g.members, i.id)
	}
	i.groups = groups
	for _, g := range groups {
		g.members[i.id] = true
	}
}

// displayName is the Name tag, or the identifier.
func (i *instance) displayName() string {
	if name := i.tags["Name"]; name != "" {
		return name
	}
	return i.id
}
