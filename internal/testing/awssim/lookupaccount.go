package awssim

import (
	"maps"
	"slices"
)

var callerIdentityLookup = lookup{
	arguments: properties{"id": {kind: text}},
	answer: func(c *Cloud, _ values) (values, error) {
		return values{
			"accountId": c.options.AccountID, "id": c.options.AccountID, "arn": c.program().session, "userId": "AIDASIMULATED0000000",
		}, nil
	},
}

var zonesLookup = lookup{
	actions: []string{"ec2:DescribeAvailabilityZones"},
	arguments: properties{
		"allAvailabilityZones": {kind: flag},
		"excludeNames":         {kind: textSet},
		"excludeZoneIds":       {kind: textSet},
		"filters":              filterArgument,
		"state":                {kind: text, oneOf: []string{"available", "information", "impaired", "unavailable"}},
	},
	answer: func(c *Cloud, in values) (values, error) {
		out := in.copy()
		out["id"] = c.options.Region
		names, ids := []any{}, []any{}
		for _, z := range c.zones() {
			wanted, err := passes(in.blocks("filters"), z.attribute)
			if err != nil {
				return nil, err
			}
			available := !in.has("state") || in.text("state") == "available"
			if wanted && available && !slices.Contains(in.texts("excludeNames"), z.name) && !slices.Contains(in.texts("excludeZoneIds"), z.id) {
				names, ids = append(names, z.name), append(ids, z.id)
			}
		}
		out["names"], out["zoneIds"] = names, ids
		out["groupNames"] = []any{c.options.Region}
		return out, nil
	},
}

func (z zone) attribute(name string) ([]string, bool) {
	switch name {
	case "zone-name":
		return []string{z.name}, true
	case "zone-id":
		return []string{z.id}, true
	case "state":
		return []string{"available"}, true
	case "zone-type":
		return []string{"availability-zone"}, true
	case "opt-in-status":
		return []string{"opt-in-not-required"}, true
	}
	return nil, false
}

var quotaLookup = lookup{
	actions: []string{"servicequotas:GetServiceQuota"},
	arguments: properties{
		"quotaCode": {kind: text}, "quotaName": {kind: text}, "serviceCode": {kind: text, required: true},
	},
	answer: func(c *Cloud, in values) (values, error) {
		for _, code := range slices.Sorted(maps.Keys(quotas)) {
			q := quotas[code]
			if q.service == in.text("serviceCode") && (code == in.text("quotaCode") || q.name == in.text("quotaName")) {
				return values{
					"adjustable": true, "arn": c.arn("servicequotas", q.service+"/"+code), "id": c.arn("servicequotas", q.service+"/"+code),
					"defaultValue": q.published, "value": c.quotaValue(code), "globalQuota": false, "quotaCode": code, "quotaName": q.name,
					"serviceCode": q.service, "serviceName": q.serviceName, "usageMetrics": []any{},
				}, nil
			}
		}
		return nil, refuse("Service Quotas", "GetServiceQuota", "NoSuchResourceException", "The request failed because the specified quota (%s %s%s) does not exist.",
			in.text("serviceCode"), in.text("quotaCode"), in.text("quotaName"))
	},
}
