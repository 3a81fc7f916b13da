package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// validTags enforces AWS's limits: 50 tags, keys to 128 and values to 256 characters, no key of AWS's own
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions).
func validTags(value any) error {
	tags := values{"": value}.textMap("")
	if len(tags) > 50 {
		return fmt.Errorf("%d tags are more than 50", len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return fmt.Errorf("tag key %q: keys starting with 'aws:' are reserved for AWS", key)
		case key == "" || len([]rune(key)) > 128:
			return fmt.Errorf("tag key %q must have 1 to 128 characters", key)
		case len([]rune(tags[key])) > 256:
			return fmt.Errorf("the value of tag %q is longer than 256 characters", key)
		}
	}
	return nil
}

// mergeTags lays a resource's tags over the provider's default tags.
func mergeTags(defaults, own map[string]string) map[string]string {
	out := maps.Clone(defaults)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, own)
	return out
}

func tagValues(tags map[string]string) values {
	out := values{}
	for key, value := range tags {
		out[key] = value
	}
	return out
}

// tagged reports whether have holds all tags of want.
func tagged(have, want map[string]string) bool {
	for key, value := range want {
		if have[key] != value {
			return false
		}
	}
	return true
}
