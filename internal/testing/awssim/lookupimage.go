package awssim

import (
	"errors"
	"maps"
	"slices"
)

// imageLookup finds one machine image. Canonical's public ones and the account's own are known.
var imageLookup = lookup{
	actions: []string{"ec2:DescribeImages"},
	arguments: properties{
		"filters": filterArgument, "owners": {kind: textSet}, "mostRecent": {kind: flag}, "includeDeprecated": {kind: flag},
	},
	answer: func(c *Cloud, in values) (values, error) {
		var found []image
		for _, id := range slices.Sorted(maps.Keys(c.images.images)) {
			i := c.images.images[id]
			wanted, err := passes(in.blocks("filters"), i.attribute)
			if err != nil {
				return nil, err
			}
			if wanted && (!in.has("owners") || c.owns(in.texts("owners"), i.owner)) {
				found = append(found, i)
			}
		}
		switch { // in the provider's words
		case len(found) == 0:
			return nil, errors.New("Your query returned no results. Please change your search criteria and try again.")
		case len(found) > 1:
			return nil, errors.New("Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.")
		}
		i := found[0]
		return values{
			"id": i.id, "imageId": i.id, "name": i.name, "architecture": i.arch, "ownerId": i.owner, "state": "available",
			"rootDeviceType": "ebs", "rootDeviceName": "/dev/sda1", "virtualizationType": "hvm", "public": i.owner == canonicalOwner,
			"filters": in["filters"], "owners": in["owners"],
		}, nil
	},
}

// owns reports whether one of the names is the account: its number, or self.
func (c *Cloud) owns(names []string, account string) bool {
	for _, name := range names {
		if name == account || name == "self" && account == c.options.AccountID {
			return true
		}
	}
	return false
}

func (i image) attribute(name string) ([]string, bool) {
	switch name {
	case "image-id":
		return []string{i.id}, true
	case "name":
		return []string{i.name}, true
	case "architecture":
		return []string{i.arch}, true
	}
	return nil, false
}

// MakeImage adds an image of the account's own, as of an instance with a root volume of that many GiB, and returns its identifier.
func (c *Cloud) MakeImage(name, architecture string, rootGiB int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.images.add("own image "+name, name, architecture, c.options.AccountID, rootGiB)
	return i.id
}
