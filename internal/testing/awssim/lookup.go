package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// lookup is a function that a program may invoke: its arguments and its result.
type lookup struct {
	arguments properties
	// actions are the IAM actions that it needs on every resource. A lookup of single resources checks its actions by itself.
	actions []string
	answer  func(c *Cloud, in values) (values, error)
}

// lookups are the modeled functions by token.
var lookups = map[string]lookup{
	"aws:index/getCallerIdentity:getCallerIdentity":       callerIdentityLookup,
	"aws:index/getAvailabilityZones:getAvailabilityZones": zonesLookup,
	"aws:ssm/getParameter:getParameter":                   parameterLookup,
	"aws:ssm/getParametersByPath:getParametersByPath":     parametersLookup,
	"aws:servicequotas/getServiceQuota:getServiceQuota":   quotaLookup,
	productToken:                        productLookup,
	"aws:ec2/getInstances:getInstances": instancesLookup,
	"aws:ec2/getVpcs:getVpcs":           vpcsLookup,
	"aws:ec2/getEips:getEips":           addressesLookup,
	"aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": offeringsLookup,
	"aws:ebs/getEbsVolumes:getEbsVolumes":                       volumesLookup,
	"aws:ebs/getVolume:getVolume":                               volumeLookup,
	"aws:ebs/getSnapshotIds:getSnapshotIds":                     snapshotsLookup,
	"aws:ebs/getSnapshot:getSnapshot":                           snapshotLookup,
	"aws:ec2/getInstance:getInstance":                           instanceLookup,
	"aws:ec2/getInstanceType:getInstanceType":                   instanceTypeLookup,
	"aws:ec2/getAmi:getAmi":                                     imageLookup,
	"aws:ec2/getKeyPair:getKeyPair":                             keyPairLookup,
	"aws:s3/getObjects:getObjects":                              objectsLookup,
	"aws:route53/getZone:getZone":                               zoneLookup,
}

// invoke returns the result of a lookup.
func (c *Cloud) invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	l, ok := lookups[token]
	if !ok {
		return nil, fmt.Errorf("function %q is not modeled by the simulated AWS; modeled are %s", token, strings.Join(slices.Sorted(maps.Keys(lookups)), ", "))
	}
	in := fromPropertyMap(args)
	if err := Problems(l.arguments.problems("", in)).Err("invoking " + token); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, action := range l.actions {
		service, operation, _ := strings.Cut(action, ":")
		if err := c.authorize(c.program(), service, operation, request{action: action, resource: "*"}); err != nil {
			return nil, fmt.Errorf("invoking %s: %w", token, err)
		}
	}
	out, err := l.answer(c, in)
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", token, err)
	}
	return toPropertyMap(out), nil
}

// filterArgument is the filters of EC2's lookups.
var filterArgument = property{kind: blocks, fields: properties{
	"name": {kind: text, required: true}, "values": {kind: textSet, required: true},
}}

// passes reports whether a resource passes all filters; attribute returns its values by filter name.
func passes(filters []values, attribute func(name string) ([]string, bool)) (bool, error) {
	for _, filter := range filters {
		have, known := attribute(filter.text("name"))
		if !known {
			return false, fmt.Errorf("the filter %q is not modeled by the simulated AWS", filter.text("name"))
		}
		wanted := filter.texts("values")
		if !slices.ContainsFunc(have, func(value string) bool { return anyWildcard(value, wanted) }) {
			return false, nil
		}
	}
	return true, nil
}

func anyList(texts []string) []any {
	out := []any{}
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}
