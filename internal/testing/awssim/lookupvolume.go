package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var volumesLookup = lookup{
	actions:   []string{"ec2:DescribeVolumes"},
	arguments: properties{"filters": filterArgument, "tags": {kind: textMap}},
	answer: func(c *Cloud, in values) (values, error) {
		found, err := c.matchingVolumes(in.blocks("filters"), in.textMap("tags"))
		if err != nil {
			return nil, err
		}
		out := in.copy()
		ids := []any{}
		for _, v := range found {
			ids = append(ids, v.id)
		}
		out["id"], out["ids"], out["tags"] = c.options.Region, ids, tagValues(in.textMap("tags"))
		return out, nil
	},
}

var volumeLookup = lookup{
	actions:   []string{"ec2:DescribeVolumes"},
	arguments: properties{"filters": filterArgument, "mostRecent": {kind: flag}, "tags": {kind: textMap}},
	answer: func(c *Cloud, in values) (values, error) {
		found, err := c.matchingVolumes(in.blocks("filters"), in.textMap("tags"))
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("your query returned %d results, not one; change your search criteria and try again", len(found))
		}
		v := found[0]
		out := v.attributes(c)
		maps.Copy(out, in)
		out["id"], out["volumeId"], out["volumeType"], out["tags"] = v.id, v.id, v.kind, tagValues(v.tags)
		out["multiAttachEnabled"], out["outpostArn"] = false, ""
		return out, nil
	},
}

// matchingVolumes are in the order of their identifiers.
func (c *Cloud) matchingVolumes(filters []values, tags map[string]string) ([]*volume, error) {
	var out []*volume
	for _, id := range slices.Sorted(maps.Keys(c.volumes)) {
		v := c.volumes[id]
		wanted, err := passes(filters, v.attribute)
		if err != nil {
			return nil, err
		}
		if wanted && tagged(v.tags, tags) {
			out = append(out, v)
		}
	}
	return out, nil
}

// attribute gives a volume's values by filter name
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html).
func (v *volume) attribute(name string) ([]string, bool) {
	switch name {
	case "volume-id":
		return []string{v.id}, true
	case "availability-zone":
		return []string{v.zone}, true
	case "size":
		return []string{strconv.Itoa(v.sizeGiB)}, true
	case "status":
		if v.instance != nil {
			return []string{"in-use"}, true
		}
		return []string{"available"}, true
	}
	return tagAttribute(v.tags, name)
}

// tagAttribute gives the value of a tag by its filter name, tag:KEY.
func tagAttribute(tags map[string]string, name string) ([]string, bool) {
	if key, isTag := strings.CutPrefix(name, "tag:"); isTag {
		value, exists := tags[key]
		if !exists {
			return nil, true
		}
		return []string{value}, true
	}
	return nil, false
}
