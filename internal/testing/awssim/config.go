package awssim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// providerConfig is the configuration of one aws provider.
type providerConfig struct {
	region      string
	defaultTags map[string]string
}

// providerProperties are the settings that the model supports. A simulated account has no credentials, so those that
// only affect checks of credentials are accepted; all others are refused.
var providerProperties = properties{
	"region":                    {kind: text},
	"defaultTags":               {kind: block, fields: properties{"tags": {kind: textMap, valid: validTags}}},
	"allowedAccountIds":         {kind: textSet},
	"forbiddenAccountIds":       {kind: textSet},
	"skipCredentialsValidation": {kind: flag},
	"skipMetadataApiCheck":      {kind: flag},
	"skipRegionValidation":      {kind: flag},
	"skipRequestingAccountId":   {kind: flag},
	"profile":                   {kind: text},
}

// engineKeys are the keys that the engine adds to a provider's inputs.
var engineKeys = []string{"version", "pluginDownloadURL", "pluginChecksums", "__internal", "__defaults"}

// readProviderConfig checks a provider's inputs. Anything but a plain string arrives as JSON in one.
func (c *Cloud) readProviderConfig(in values) (providerConfig, []Problem) {
	plain := values{}
	for name, value := range in {
		if !slices.Contains(engineKeys, name) {
			plain[name] = decodeNested(providerProperties[name].kind, value)
		}
	}
	found := providerProperties.problems("", plain)
	config := providerConfig{region: plain.text("region"), defaultTags: plain.block("defaultTags").textMap("tags")}
	if config.region != "" && config.region != c.options.Region && config.region != listRegion {
		found = append(found, Problem{"region", fmt.Sprintf("the simulated AWS is the region %s, not %q", c.options.Region, config.region)})
	}
	if allowed := plain.texts("allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, c.options.AccountID) {
		found = append(found, Problem{"allowedAccountIds", fmt.Sprintf("AWS account ID not allowed: %s", c.options.AccountID)})
	}
	if slices.Contains(plain.texts("forbiddenAccountIds"), c.options.AccountID) {
		found = append(found, Problem{"forbiddenAccountIds", fmt.Sprintf("AWS account ID not allowed: %s", c.options.AccountID)})
	}
	return config, found
}

func decodeNested(wanted kind, value any) any {
	s, isText := value.(string)
	if !isText || wanted == text {
		return value
	}
	var decoded any
	if json.Unmarshal([]byte(s), &decoded) != nil {
		return value
	}
	return values{"": decoded}.fromJSON()[""]
}

// fromJSON brings decoded JSON into the shapes that properties have.
func (v values) fromJSON() values {
	out := values{}
	for key, value := range v {
		switch value := value.(type) {
		case map[string]any:
			out[key] = values(value).fromJSON()
		case []any:
			list := []any{}
			for _, element := range value {
				list = append(list, values{"": element}.fromJSON()[""])
			}
			out[key] = list
		case nil:
		default:
			out[key] = value
		}
	}
	return out
}

// DiffConfig names the settings that differ between two sets of a provider's inputs. None of them replaces the provider.
func DiffConfig(old, inputs resource.PropertyMap) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(providerProperties)) {
		if k := resource.PropertyKey(key); !old[k].DeepEquals(inputs[k]) {
			out = append(out, key)
		}
	}
	return out
}
