package awssim

import "fmt"

// TerminateInstance ends an instance behind the program's back, as a person at the console or a failing host would.
// It may be named by identifier or Name tag. Its resource is gone at the next refresh.
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
	c.terminate(i)
	c.forget(instanceToken, i.id)
	return nil
}

// LoseInstance takes an instance away as a failing host would: no protection against termination helps.
func (c *Cloud) LoseInstance(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return fmt.Errorf("losing an instance: %w", err)
	}
	c.terminate(i)
	c.forget(instanceToken, i.id)
	return nil
}

// DeleteVolume loses a volume behind the program's back, even one that is attached: a disk failure.
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
