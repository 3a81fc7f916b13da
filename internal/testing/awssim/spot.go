package awssim

import (
	"fmt"
)

// setMarket reads the options of a spot instance. EC2 refuses combinations
// (docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotMarketOptions.html).
func (i *instance) setMarket(in values) error {
	market := in.block("instanceMarketOptions")
	if market.text("marketType") != "spot" {
		return nil
	}
	options := values{"instanceInterruptionBehavior": "terminate", "maxPrice": "", "spotInstanceType": "one-time", "validUntil": ""}
	for name, value := range market.block("spotOptions") {
		options[name] = value
	}
	behavior, kind := options.text("instanceInterruptionBehavior"), options.text("spotInstanceType")
	if persistent := kind == "persistent"; persistent != (behavior != "terminate") {
		return refuseEC2(runInstances, "InvalidParameterCombination",
			"The %s InstanceInterruptionBehavior is not supported when requestType is set to %s.", behavior, kind)
	}
	if in.flag("disableApiTermination") {
		return refuseEC2(runInstances, "UnsupportedOperation", "Termination protection is not supported for Spot Instances.")
	}
	i.spot, i.market = true, values{"marketType": "spot", "spotOptions": options}
	return nil
}

// purchasable checks quota and capacity before an instance is launched.
func (c *Cloud) purchasable(i *instance) error {
	if c.noCapacity[capacityKey(i.subnet.zone.name, i.kind.name, i.spot)] {
		if i.spot {
			return refuseEC2(runInstances, "InsufficientInstanceCapacity", "There is no Spot capacity available that matches your request.")
		}
		return refuseEC2(runInstances, "InsufficientInstanceCapacity",
			"We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). Our system will be working on provisioning additional capacity.",
			i.kind.name, i.subnet.zone.name)
	}
	if !i.spot {
		return c.hasVCPUs(runInstances, instanceType{}, i.kind)
	}
	if limit := c.quota(QuotaSpotVCPUs); i.kind.standard() && c.spotVCPUs+i.kind.vCPUs > limit {
		return refuseEC2(runInstances, "MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
	}
	return nil
}

func capacityKey(zone, kind string, spot bool) string { return fmt.Sprint(zone, "/", kind, "/", spot) }

// SetCapacity states whether a zone has capacity for an instance type, on demand or spot.
func (c *Cloud) SetCapacity(zone, kind string, spot, has bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noCapacity[capacityKey(zone, kind, spot)] = !has
}

// NoticeSpot announces that EC2 takes a spot instance, two minutes ahead, as its metadata service tells.
func (c *Cloud) NoticeSpot(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return fmt.Errorf("taking a spot instance: %w", err)
	}
	if i.market == nil {
		return fmt.Errorf("taking a spot instance: %s is none", nameOrID)
	}
	if c.options.Notice != nil {
		c.run(i, c.options.Notice)
	}
	return nil
}

// TakeSpot interrupts a spot instance: it is terminated, or stopped if that was asked for.
func (c *Cloud) TakeSpot(nameOrID string) error {
	c.mu.Lock()
	defer c.unlock()
	i, err := c.instanceByName(nameOrID)
	switch {
	case err != nil:
		return fmt.Errorf("taking a spot instance: %w", err)
	case i.market == nil:
		return fmt.Errorf("taking a spot instance: %s is none", nameOrID)
	case i.persistent():
		return fmt.Errorf("taking a spot instance: persistent requests, such as that of %s, are not modeled", nameOrID)
	}
	c.strand(i)
	c.terminate(i)
	c.forget(instanceToken, i.id)
	return nil
}

// persistent reports whether the request of a spot instance outlives it.
func (i *instance) persistent() bool {
	return i.market.block("spotOptions").text("spotInstanceType") == "persistent"
}
