package awssim

import (
	"maps"
	"slices"
)

func updateInstance(t *call, i *instance) error {
	const operation = "ModifyInstanceAttribute"
	groups := i.groups
	if t.in.has("vpcSecurityGroupIds") {
		var err error
		if groups, err = t.instanceGroups(operation, i.subnet.vpc); err != nil {
			return err
		}
	}
	kind, err := t.c.instanceTypeNamed(operation, t.in.text("instanceType"), i.subnet.zone.name)
	if err != nil {
		return err
	}
	if kind.arch != i.image.arch {
		return refuseEC2(operation, "InvalidParameterValue",
			"The architecture '%s' of the instance type does not match the architecture '%s' of the instance", kind.arch, i.image.arch)
	}
	profile := i.profile
	if t.in.has("iamInstanceProfile") {
		profile = t.in.text("iamInstanceProfile")
	}
	if err := t.c.checkProfile("ReplaceIamInstanceProfileAssociation", profile); err != nil {
		return err
	}
	given := t.in.has("userData") || t.in.has("userDataBase64")
	restarts := kind.name != i.kind.name || given && storedUserData(t.in) != i.userData
	if restarts && i.protectStop && (!t.in.has("disableApiStop") || t.in.flag("disableApiStop")) {
		return refuseEC2("StopInstances", "OperationNotPermitted",
			"The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", i.id)
	}
	if err := t.c.hasVCPUs(operation, i.kind, kind); err != nil {
		return err
	}
	if err := t.resizeRoot(i); err != nil {
		return err
	}
	i.setGroups(groups)
	i.profile, i.tags = profile, t.tags
	i.set(t.in)
	t.tagVolumes(i)
	if restarts {
		return t.c.restart(t, i, kind, given)
	}
	return nil
}

func (t *call) resizeRoot(i *instance) error {
	root := t.in.block("rootBlockDevice")
	if root == nil {
		return nil
	}
	if err := i.root.resize("ModifyVolume", diskValues(root)); err != nil {
		return err
	}
	i.root.deleteOnTermination = root.flag("deleteOnTermination")
	if !t.in.has("volumeTags") {
		i.root.tags, i.root.ownTags = diskTags(t, root), root.textMap("tags")
	}
	return nil
}

// tagVolumes does as the provider with changed volumeTags: it writes them to all attached volumes, also to those that are
// resources of their own, and removes the ones that left.
func (t *call) tagVolumes(i *instance) {
	before, after := t.state.textMap("volumeTags"), t.in.textMap("volumeTags")
	if maps.Equal(before, after) {
		return
	}
	for _, v := range i.devices {
		for key := range before {
			delete(v.tags, key)
		}
		v.tags = mergeTags(v.tags, after)
		if o := t.c.objects[volumeToken][v.id]; o != nil {
			o.tags = v.tags
		}
	}
}

// volumeTags is one map of the tags of all attached volumes, as the provider reads them; a volume that was attached later
// takes precedence.
func (i *instance) volumeTags() map[string]string {
	var merged map[string]string
	for _, device := range slices.Sorted(maps.Keys(i.devices)) {
		merged = mergeTags(merged, i.devices[device].tags)
	}
	return merged
}

// restart stops the instance, changes type and user data, and starts it. Cloud-init does not run the user data again, so
// no boot follows.
func (c *Cloud) restart(t *call, i *instance, kind instanceType, given bool) error {
	t.note("stopping and starting %s (%s): its instance type or user data changed; cloud-init does not run user data again", i.displayName(), i.id)
	c.stop(i)
	i.kind = kind
	if given {
		i.userData, i.encoded = storedUserData(t.in), t.in.has("userDataBase64")
	}
	return c.start(i)
}

// stop gives back the address that AWS assigned; an Elastic IP stays.
func (c *Cloud) stop(i *instance) {
	if i.state != "running" {
		return
	}
	i.state = "stopped"
	c.down[i.id] = c.options.Now()
	c.countVCPUs(i, -1)
	c.releasePublic(i)
}

// start gives the instance another public address than it had before.
func (c *Cloud) start(i *instance) error {
	i.state = "running"
	delete(c.down, i.id)
	i.restarts++
	c.countVCPUs(i, +1)
	return c.assignPublic(i)
}

// deleteInstance does as the provider: it lifts both kinds of protection by itself, then terminates the instance.
func deleteInstance(t *call, i *instance) error {
	i.protectTermination, i.protectStop = false, false
	t.c.terminate(i)
	return nil
}

// terminate ends an instance: its addresses are given back, volumes are detached or go with it.
func (c *Cloud) terminate(i *instance) {
	m := c.machine(i)
	c.stop(i)
	i.state = "terminated"
	if i.address != nil {
		c.disassociate(i.address)
	}
	c.releasePublic(i)
	for device, v := range i.devices {
		i.detach(device)
		c.forget(volumeAttachmentToken, (&volumeAttachment{volume: v, instance: i, device: device}).id())
		if v.deleteOnTermination {
			delete(c.volumes, v.id)
			c.forget(volumeToken, v.id)
		}
	}
	i.setGroups(nil)
	i.subnet.pool.release(i.private)
	delete(i.subnet.interfaces, i.id)
	delete(c.instances, i.id)
	i.end()
	if hook := c.options.Terminate; hook != nil {
		c.afterwards(func() { hook(m) })
	}
}
