package awssim

import (
	"maps"
	"slices"
	"strings"
)

var vpcsLookup = lookup{
	actions:   []string{"ec2:DescribeVpcs"},
	arguments: properties{"filters": filterArgument, "tags": {kind: textMap}},
	answer: func(c *Cloud, in values) (values, error) {
		out := in.copy()
		ids := []any{}
		for _, id := range slices.Sorted(maps.Keys(c.vpcs)) {
			tags := c.tagsOf(vpcToken, id)
			wanted, err := passes(in.blocks("filters"), func(name string) ([]string, bool) {
				if name == "cidr" {
					return []string{c.vpcs[id].cidr.String()}, true
				}
				return tagFilter(tags, name)
			})
			if err != nil {
				return nil, err
			}
			if wanted && tagged(tags, in.textMap("tags")) {
				ids = append(ids, id)
			}
		}
		out["id"], out["ids"], out["tags"] = c.options.Region, ids, tagValues(in.textMap("tags"))
		return out, nil
	},
}

var addressesLookup = lookup{
	actions:   []string{"ec2:DescribeAddresses"},
	arguments: properties{"filters": filterArgument, "tags": {kind: textMap}},
	answer: func(c *Cloud, in values) (values, error) {
		out := in.copy()
		ids, public := []any{}, []any{}
		for _, id := range slices.Sorted(maps.Keys(c.addresses)) {
			tags := c.tagsOf(addressToken, id)
			wanted, err := passes(in.blocks("filters"), func(name string) ([]string, bool) { return tagFilter(tags, name) })
			if err != nil {
				return nil, err
			}
			if wanted && tagged(tags, in.textMap("tags")) {
				ids, public = append(ids, id), append(public, c.addresses[id].public.String())
			}
		}
		out["id"], out["allocationIds"], out["publicIps"], out["tags"] = c.options.Region, ids, public, tagValues(in.textMap("tags"))
		return out, nil
	},
}

var offeringsLookup = lookup{
	actions: []string{"ec2:DescribeInstanceTypeOfferings"},
	arguments: properties{
		"filters":      filterArgument,
		"locationType": {kind: text, oneOf: []string{"region", "availability-zone"}},
	},
	answer: func(c *Cloud, in values) (values, error) {
		out := in.copy()
		types, kinds, places := []any{}, []any{}, []any{}
		kind, locations := "region", []string{c.options.Region}
		if in.text("locationType") == "availability-zone" {
			kind, locations = "availability-zone", c.zoneNames()
		}
		for _, place := range locations {
			for _, name := range slices.Sorted(maps.Keys(instanceTypes)) {
				wanted, err := passes(in.blocks("filters"), func(filter string) ([]string, bool) {
					switch filter {
					case "instance-type":
						return []string{name}, true
					case "location":
						return []string{place}, true
					}
					return nil, false
				})
				if err != nil {
					return nil, err
				}
				if wanted && (kind == "region" || c.offered(place, name)) {
					types, kinds, places = append(types, name), append(kinds, kind), append(places, place)
				}
			}
		}
		out["id"], out["instanceTypes"], out["locationTypes"], out["locations"] = c.options.Region, types, kinds, places
		return out, nil
	},
}

// tagsOf returns the tags of a managed resource.
func (c *Cloud) tagsOf(token, id string) map[string]string {
	if o := c.objects[token][id]; o != nil {
		return o.tags
	}
	return nil
}

// tagFilter gives the values of the filters tag:KEY and tag-key.
func tagFilter(tags map[string]string, name string) ([]string, bool) {
	if name == "tag-key" {
		return slices.Sorted(maps.Keys(tags)), true
	}
	key, isTag := strings.CutPrefix(name, "tag:")
	if !isTag {
		return nil, false
	}
	if value, exists := tags[key]; exists {
		return []string{value}, true
	}
	return nil, true
}
