package awssim

import (
	"slices"
	"strings"
)

// zone is an availability zone.
type zone struct{ name, id string }

// zones lists the region's zones. ap-northeast-2 has four (docs.aws.amazon.com/global-infrastructure, 2026-11); other
// regions are simulated with three. Real zone identifiers are mapped to letters per account; here in order.
func (c *Cloud) zones() []zone {
	letters := "abc"
	if c.options.Region == "ap-northeast-2" {
		letters = "abcd"
	}
	var out []zone
	for i, letter := range strings.Split(letters, "") {
		out = append(out, zone{name: c.options.Region + letter, id: zonePrefix(c.options.Region) + "-az" + string(rune('1'+i))})
	}
	return out
}

func (c *Cloud) zoneNamed(name string) (zone, bool) {
	zones := c.zones()
	i := slices.IndexFunc(zones, func(z zone) bool { return z.name == name })
	if i < 0 {
		return zone{}, false
	}
	return zones[i], true
}

func (c *Cloud) zoneNames() []string {
	var out []string
	for _, z := range c.zones() {
		out = append(out, z.name)
	}
	return out
}

// zonePrefix shortens a region as zone identifiers do: ap-northeast-2 is apne2.
func zonePrefix(region string) string {
	parts := strings.Split(region, "-")
	if len(parts) != 3 {
		return region
	}
	short := map[string]string{
		"north": "n", "south": "s", "east": "e", "west": "w", "central": "c",
		"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
	}
	return parts[0] + short[parts[1]] + parts[2]
}
