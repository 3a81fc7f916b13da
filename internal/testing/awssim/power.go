package awssim

import (
	"context"
	"maps"
	"slices"
	"strings"
)

const (
	stopInstances  = "StopInstances"
	startInstances = "StartInstances"
)

// StopInstances stops instances out of band with the rights of the program. They may be named by identifier or Name tag.
func (c *Cloud) StopInstances(namesOrIDs ...string) error {
	return c.power(stopInstances, namesOrIDs, c.powerOff)
}

// StartInstances starts instances that were stopped.
func (c *Cloud) StartInstances(namesOrIDs ...string) error {
	return c.power(startInstances, namesOrIDs, c.powerOn)
}

func (c *Cloud) power(operation string, namesOrIDs []string, do func([]*instance) error) error {
	c.mu.Lock()
	defer c.unlock()
	var list []*instance
	for _, name := range namesOrIDs {
		i, err := c.instanceByName(name)
		if err != nil {
			return refuseEC2(operation, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", name)
		}
		list = append(list, i)
	}
	return c.powerAs(c.program(), operation, list, do)
}

// powerAs stops or starts instances with the permissions of a caller: all or none.
func (c *Cloud) powerAs(who *caller, operation string, list []*instance, do func([]*instance) error) error {
	for _, i := range list {
		r := request{action: "ec2:" + operation, resource: c.arn("ec2", "instance/"+i.id), context: i.tagContext("aws", "ec2")}
		if err := c.authorize(who, "EC2", operation, r); err != nil {
			return err
		}
		for _, v := range i.devices {
			if operation != startInstances {
				break
			}
			if err := c.attachKey(who, operation, v.kmsKey); err != nil {
				return err
			}
		}
	}
	return do(list)
}

// tagContext are the condition keys of the instance's tags, for the services of these prefixes.
func (i *instance) tagContext(prefixes ...string) map[string]string {
	context := map[string]string{}
	for key, value := range i.tags {
		for _, prefix := range prefixes {
			context[prefix+":resourcetag/"+strings.ToLower(key)] = value
		}
	}
	return context
}

// powerOff stops all instances or none.
func (c *Cloud) powerOff(list []*instance) error {
	for _, i := range list {
		if i.market != nil && !i.persistent() {
			return refuseEC2(stopInstances, "UnsupportedOperation",
				"You can't stop the Spot Instance '%s' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.", i.id)
		}
		if i.protectStop {
			return refuseEC2(stopInstances, "OperationNotPermitted",
				"The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", i.id)
		}
	}
	for _, i := range list {
		if i.state != "running" {
			continue
		}
		m := c.machine(i)
		c.stop(i)
		i.end()
		if hook := c.options.Stop; hook != nil {
			c.afterwards(func() { hook(m) })
		}
	}
	return nil
}

// powerOn starts all instances or none.
func (c *Cloud) powerOn(list []*instance) error {
	var asleep []*instance
	need := instanceType{name: "all"}
	for _, i := range list {
		if i.state == "running" || slices.Contains(asleep, i) {
			continue
		}
		asleep = append(asleep, i)
		if !i.spot && i.kind.standard() {
			need.vCPUs += i.kind.vCPUs
		}
	}
	if err := c.hasVCPUs(startInstances, instanceType{}, need); err != nil {
		return err
	}
	for _, i := range asleep {
		if err := c.start(i); err != nil {
			return err
		}
		i.running, i.end = context.WithCancel(c.ctx)
		if c.options.Start != nil {
			c.run(i, c.options.Start)
		}
	}
	return nil
}

// InstanceStates are the states of all instances by Name tag.
func (c *Cloud) InstanceStates() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(c.instances)) {
		states[c.instances[id].displayName()] = c.instances[id].state
	}
	return states
}
