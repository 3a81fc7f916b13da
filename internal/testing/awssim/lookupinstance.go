package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var instancesLookup = lookup{
	actions: []string{"ec2:DescribeInstances"},
	arguments: properties{
		"filters": filterArgument, "instanceStateNames": {kind: textSet}, "instanceTags": {kind: textMap},
	},
	answer: func(c *Cloud, in values) (values, error) {
		states := in.texts("instanceStateNames")
		if len(states) == 0 {
			states = []string{"running"} // the provider's own default
		}
		found, err := c.matchingInstances(in.blocks("filters"), in.textMap("instanceTags"))
		if err != nil {
			return nil, err
		}
		out := in.copy()
		ids, private, public := []any{}, []any{}, []any{}
		for _, i := range found {
			if !slices.Contains(states, i.state) {
				continue
			}
			ids, private = append(ids, i.id), append(private, i.private.String())
			if addr, ok := i.publicAddress(); ok {
				public = append(public, addr.String())
			}
		}
		out["id"], out["ids"], out["privateIps"], out["publicIps"], out["ipv6Addresses"] = c.options.Region, ids, private, public, []any{}
		out["instanceStateNames"], out["instanceTags"] = anyList(states), tagValues(in.textMap("instanceTags"))
		return out, nil
	},
}

// matchingInstances are in the order of their identifiers.
func (c *Cloud) matchingInstances(filters []values, tags map[string]string) ([]*instance, error) {
	var out []*instance
	for _, id := range slices.Sorted(maps.Keys(c.instances)) {
		i := c.instances[id]
		wanted, err := passes(filters, i.attribute)
		if err != nil {
			return nil, err
		}
		if wanted && tagged(i.tags, tags) {
			out = append(out, i)
		}
	}
	return out, nil
}

// attribute gives an instance's values by filter name
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html).
func (i *instance) attribute(name string) ([]string, bool) {
	switch name {
	case "instance-id":
		return []string{i.id}, true
	case "instance-state-name":
		return []string{i.state}, true
	case "instance-lifecycle": // on-demand instances have none
		if i.spot {
			return []string{"spot"}, true
		}
		return nil, true
	case "instance-type":
		return []string{i.kind.name}, true
	case "availability-zone":
		return []string{i.subnet.zone.name}, true
	case "subnet-id":
		return []string{i.subnet.id}, true
	case "vpc-id":
		return []string{i.subnet.vpc.id}, true
	case "image-id":
		return []string{i.image.id}, true
	case "private-ip-address":
		return []string{i.private.String()}, true
	case "key-name":
		return []string{i.keyName}, true
	case "tag-key":
		return slices.Sorted(maps.Keys(i.tags)), true
	case "instance.group-id":
		var out []string
		for _, g := range i.groups {
			out = append(out, g.id)
		}
		return out, true
	}
	if key, isTag := strings.CutPrefix(name, "tag:"); isTag {
		value, exists := i.tags[key]
		if !exists {
			return nil, true
		}
		return []string{value}, true
	}
	return nil, false
}

var instanceLookup = lookup{
	actions: []string{"ec2:DescribeInstances"},
	arguments: properties{
		"filters": filterArgument, "getUserData": {kind: flag}, "instanceId": {kind: text},
		"instanceTags": {kind: textMap}, "tags": {kind: textMap}, "getPasswordData": {kind: flag, valid: noPassword},
	},
	answer: func(c *Cloud, in values) (values, error) {
		found, err := c.matchingInstances(in.blocks("filters"), in.textMap("instanceTags"))
		if err != nil {
			return nil, err
		}
		if id := in.text("instanceId"); id != "" {
			found = slices.DeleteFunc(found, func(i *instance) bool { return i.id != id })
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("your query returned %d results, not one; change your search criteria and try again", len(found))
		}
		return c.describeInstance(found[0], in), nil
	},
}

func noPassword(value any) error {
	if value.(bool) {
		return fmt.Errorf("passwords of Windows instances are not modeled")
	}
	return nil
}

// describeInstance has the data source's shape, which is not the resource's: blocks are lists.
func (c *Cloud) describeInstance(i *instance, in values) values {
	out := i.attributes(c)
	for from, to := range map[string]string{
		"metadataOptions": "metadataOptions", "rootBlockDevice": "rootBlockDevices", "creditSpecification": "creditSpecifications",
	} {
		block, exists := out[from]
		delete(out, from)
		out[to] = []any{}
		if exists {
			out[to] = []any{block}
		}
	}
	for name, value := range in {
		out[name] = value
	}
	out["id"], out["instanceId"], out["instanceTags"], out["tags"] = i.id, i.id, tagValues(i.tags), tagValues(i.tags)
	out["networkInterfaceId"], out["launchTime"], out["securityGroups"] = i.interfaceID, i.launched, []any{}
	out["userData"], out["userDataBase64"] = hashUserData(i.userData), ""
	if in.flag("getUserData") {
		out["userDataBase64"] = i.userData
	}
	for _, name := range []string{"enclaveOptions", "ephemeralBlockDevices", "ipv6Addresses", "maintenanceOptions", "privateDnsNameOptions", "secondaryPrivateIps"} {
		out[name] = []any{}
	}
	for _, name := range []string{"hostId", "hostResourceGroupArn", "outpostArn", "passwordData", "placementGroup"} {
		out[name] = ""
	}
	out["placementPartitionNumber"] = 0
	return out
}
