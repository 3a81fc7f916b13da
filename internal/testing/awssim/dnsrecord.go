package awssim

import (
	"net/netip"
	"strings"
)

const dnsRecordToken = "aws:route53/record:Record"

// dnsRecord is a set of records with one name and type in a hosted zone.
type dnsRecord struct {
	id, name, kind string
	zone           *hostedZone
	first          string // its first value
	alias          string // the DNS name of a load balancer
}

// hostedZone is a public zone that exists already: registering a domain is no part of a program.
type hostedZone struct {
	id, name string
	records  map[string]*dnsRecord // by name and type
}

// trimDot is how the provider keeps names.
func trimDot(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

var dnsRecordType = define(resourceType{
	token: dnsRecordToken, title: "Route 53 Record",
	source: "internal/service/route53/record.go",
	inputs: properties{
		"aliases": {kind: blocks, key: "name", fields: properties{
			"evaluateTargetHealth": {kind: flag, required: true},
			"name":                 {kind: text, required: true},
			"zoneId":               {kind: text, required: true},
		}},
		"allowOverwrite": {kind: flag, computed: true},
		"name":           {kind: text, required: true, replaces: true, hash: trimDot},
		"records":        {kind: textSet},
		"ttl":            {kind: whole}, // seconds
		"type":           {kind: text, required: true, oneOf: []string{"A", "CNAME"}},
		"zoneId":         {kind: text, required: true, replaces: true},
	},
	outputs: []string{"fqdn"},
	refused: []string{
		"cidrRoutingPolicy", "failoverRoutingPolicies", "geolocationRoutingPolicies", "geoproximityRoutingPolicy", "healthCheckId",
		"latencyRoutingPolicies", "multivalueAnswerRoutingPolicy", "setIdentifier", "weightedRoutingPolicies",
	},
	check: func(in values) []Problem {
		_, alias := in["aliases"]
		_, records := in["records"]
		_, ttl := in["ttl"]
		if alias == records || records != ttl {
			return []Problem{{"records", "exactly one of aliases, and records with a ttl, must be set"}}
		}
		return nil
	},
}, createDNSRecord, updateDNSRecord, deleteDNSRecord)

func createDNSRecord(t *call) (string, *dnsRecord, error) {
	z := t.c.zonesByID[t.in.text("zoneId")]
	if z == nil {
		return "", nil, refuseRoute53("NoSuchHostedZone", "No hosted zone found with ID: %s", t.in.text("zoneId"))
	}
	name := trimDot(t.in.text("name"))
	if name != z.name && !strings.HasSuffix(name, "."+z.name) {
		return "", nil, refuseRoute53("InvalidChangeBatch", "RRSet with DNS name %s. is not permitted in zone %s.", name, z.name)
	}
	r := &dnsRecord{name: name, zone: z, kind: t.in.text("type")}
	if z.records[r.key()] != nil && !t.in.flag("allowOverwrite") {
		return "", nil, refuseRoute53("InvalidChangeBatch",
			"Tried to create resource record set [name='%s.', type='%s'] but it already exists", name, r.kind)
	}
	if err := r.set(t); err != nil {
		return "", nil, err
	}
	r.id = z.id + "_" + name + "_" + r.kind
	z.records[r.key()] = r
	return r.id, r, nil
}

func (r *dnsRecord) key() string { return r.name + " " + r.kind }

func (r *dnsRecord) set(t *call) error {
	first, alias := "", ""
	for _, value := range t.in.texts("records") {
		if first = value; r.kind == "A" {
			if _, err := netip.ParseAddr(value); err != nil {
				return refuseRoute53("InvalidChangeBatch", "Invalid Resource Record: 'ARRDATAIllegalIPv4Address encountered with '%s''", value)
			}
		}
	}
	for _, target := range t.in.blocks("aliases") {
		alias = trimDot(target.text("name"))
		if l := t.c.loadBalancerAt(alias); l == nil || target.text("zoneId") != loadBalancerZone {
			return refuseRoute53("InvalidChangeBatch",
				"Tried to create an alias that targets %s., type %s in zone %s, but the alias target name does not lie within the target zone", alias, r.kind, target.text("zoneId"))
		}
	}
	r.first, r.alias = first, alias
	return nil
}

func updateDNSRecord(t *call, r *dnsRecord) error {
	delete(r.zone.records, r.key())
	r.kind = t.in.text("type")
	r.zone.records[r.key()] = r
	return r.set(t)
}

func deleteDNSRecord(_ *call, r *dnsRecord) error {
	delete(r.zone.records, r.key())
	return nil
}

func (r *dnsRecord) attributes(*Cloud) values { return values{"name": r.name, "fqdn": r.name} }

// record finds a record of any zone.
func (c *Cloud) record(name, kind string) *dnsRecord {
	for _, z := range c.zonesByID {
		if r := z.records[trimDot(name)+" "+kind]; r != nil {
			return r
		}
	}
	return nil
}

// loadBalancerAt finds the load balancer with a DNS name of its own.
func (c *Cloud) loadBalancerAt(dnsName string) *loadBalancer {
	for _, l := range c.loadBalancers {
		if strings.EqualFold(l.dnsName, dnsName) {
			return l
		}
	}
	return nil
}
