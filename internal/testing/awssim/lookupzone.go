package awssim

// zoneLookup finds a public hosted zone by name.
var zoneLookup = lookup{
	actions:   []string{"route53:ListHostedZones", "route53:ListTagsForResource"},
	arguments: properties{"name": {kind: text, required: true}, "privateZone": {kind: flag}},
	answer: func(c *Cloud, in values) (values, error) {
		for _, z := range c.zonesByID {
			if z.name == trimDot(in.text("name")) && !in.flag("privateZone") {
				return values{
					"id": z.id, "zoneId": z.id, "name": z.name, "arn": "arn:aws:route53:::hostedzone/" + z.id, "privateZone": false,
					"callerReference": "", "comment": "", "linkedServiceDescription": "", "linkedServicePrincipal": "", "vpcId": "",
					"nameServers": anyList([]string{"ns-1.awsdns-00.com"}), "primaryNameServer": "ns-1.awsdns-00.com",
					"resourceRecordSetCount": len(z.records) + 2, "tags": values{},
				}, nil
			}
		}
		return nil, wordingf("no matching Route 53 Hosted Zone found: %s", in.text("name"))
	},
}
