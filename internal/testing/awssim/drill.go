package awssim

import (
	"fmt"
	"maps"
)

// TerminateInstance terminates an instance out of band, as an operator at the console would.
// It may be named by identifier or Name tag. Its resource is gone at the next refresh, and so are its attachments; until then
// those that would stop it first cannot be deleted.
func (c *Cloud) TerminateInstance(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return fmt.Errorf("terminating an instance out of band: %w", err)
	}
	if i.protectTermination {
		return refuseEC2("TerminateInstances", "OperationNotPermitted",
			"The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", i.id)
	}
	c.strand(i)
	c.terminate(i)
	c.forget(instanceToken, i.id)
	return nil
}

// PutRolePolicy writes an inline policy of a role out of band.
func (c *Cloud) PutRolePolicy(role, name, document string) error {
	c.mu.Lock()
	defer c.unlock()
	owner, err := c.roleNamed("PutRolePolicy", role)
	if err != nil {
		return err
	}
	parsed, err := parseIdentityPolicy(document)
	if err != nil {
		return refuseIAM("PutRolePolicy", "MalformedPolicyDocument", "%s", err)
	}
	owner.inline[name] = inlinePolicy{text: document, policy: parsed}
	return nil
}

// LoseInstance injects a host failure: the instance is gone, also one that is protected against termination.
func (c *Cloud) LoseInstance(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return fmt.Errorf("losing an instance: %w", err)
	}
	c.strand(i)
	c.terminate(i)
	c.forget(instanceToken, i.id)
	return nil
}

// strand remembers the attachments whose deletion begins with stopping the instance: EC2 shows a terminated instance for an hour,
// and refuses to stop it.
func (c *Cloud) strand(i *instance) {
	for device, v := range i.devices {
		id := (&volumeAttachment{volume: v, instance: i, device: device}).id()
		if o := c.objects[volumeAttachmentToken][id]; o != nil && o.given.flag("stopInstanceBeforeDetaching") {
			c.stranded[id] = i.id
		}
	}
}

// DeleteVolume injects a disk failure: it deletes a volume out of band, even one that is attached.
func (c *Cloud) DeleteVolume(id string) error {
	c.mu.Lock()
	defer c.unlock()
	v := c.volumes[id]
	if v == nil {
		return fmt.Errorf("deleting a volume out of band: there is no volume %q", id)
	}
	if i := v.instance; i != nil {
		if v == i.root {
			return fmt.Errorf("deleting a volume out of band: %s is the root disk of %s; terminate the instance instead", id, i.displayName())
		}
		c.forget(volumeAttachmentToken, (&volumeAttachment{volume: v, instance: i, device: v.device}).id())
		i.detach(v.device)
	}
	delete(c.volumes, id)
	c.forget(volumeToken, id)
	return nil
}

// DeleteSnapshots deletes the snapshots of all volumes of that name, as somebody may by hand.
func (c *Cloud) DeleteSnapshots(name string) {
	c.mu.Lock()
	defer c.unlock()
	maps.DeleteFunc(c.snapshots, func(_ string, s *snapshot) bool { return s.tags["Name"] == name })
}

// MakeSpot makes an instance one that was bought on the spot market, which the on-demand quota does not count.
func (c *Cloud) MakeSpot(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return fmt.Errorf("making a spot instance: %w", err)
	}
	if !i.spot {
		c.countVCPUs(i, -1)
		i.spot = true
	}
	return nil
}
