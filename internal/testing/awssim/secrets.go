package awssim

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// secretive marks outputs as secret: those whose input was or had a secret in it, and those that always are.
func (rt *resourceType) secretive(outputs, inputs resource.PropertyMap) resource.PropertyMap {
	mark := func(key resource.PropertyKey) {
		if value, exists := outputs[key]; exists && !value.IsSecret() {
			outputs[key] = resource.MakeSecret(value)
		}
	}
	for key, value := range inputs {
		if value.ContainsSecrets() {
			mark(key)
			if key == "tags" {
				mark("tagsAll")
			}
		}
	}
	for _, name := range rt.secret {
		mark(resource.PropertyKey(name))
	}
	return outputs
}
