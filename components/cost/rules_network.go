package cost

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func (e *estimate) natGateway(r Resource) {
	e.month(r, "NAT gateway", "natGateway/hour", 1)
	e.line(r, "NAT data", "natGateway/data", e.used(r, UsageNATGiB), "assumed quantity")
}

// endpoint prices interface endpoints, per subnet; gateway endpoints are free.
func (e *estimate) endpoint(r Resource) {
	switch kind := text(r.Inputs, "vpcEndpointType"); kind {
	case "", "Gateway":
	case "Interface":
		e.month(r, "interface endpoint", "interfaceEndpoint", e.count(r, "subnetIds"))
	default:
		e.problems.Add(r.Name+".vpcEndpointType", kind, "must be Gateway or Interface")
	}
}

// loadBalancer adds the hours, the capacity, and a public address per subnet unless the load balancer is internal.
func (e *estimate) loadBalancer(r Resource) {
	if kind := text(r.Inputs, "loadBalancerType"); kind != "" && kind != "application" {
		e.problems.Add(r.Name+".loadBalancerType", kind, "must be application, the one that components/cost prices")
	}
	e.month(r, "load balancer", "loadBalancer/hour", 1)
	e.line(r, "capacity units", "loadBalancer/capacity", e.used(r, UsageCapacityUnits)*e.prices.HoursPerMonth, "assumed quantity")
	if !flag(r.Inputs, "internal") {
		e.month(r, "public IPv4", "publicIPv4", e.count(r, "subnets"))
	}
}

func (e *estimate) webACL(r Resource) {
	e.line(r, "web ACL", "webACL", 1, "")
	e.line(r, "rules", "webACL/rule", e.count(r, "rules"), "")
	e.line(r, "requests", "webACL/requests", e.used(r, UsageWebRequests)/1e6, "assumed quantity")
}

// alarm adds the metric of an alarm unless AWS itself writes it, free of charge.
func (e *estimate) alarm(r Resource) {
	e.line(r, "alarm", "alarm", 1, "")
	if !strings.HasPrefix(text(r.Inputs, "namespace"), "AWS/") {
		e.line(r, "metric", "metric", 1, "")
	}
}

func (e *estimate) bucket(r Resource) {
	e.line(r, "storage", "bucket/storage", e.used(r, UsageBucketGiB), "assumed quantity")
	e.line(r, "writes", "bucket/writes", e.used(r, UsageBucketWrites)/1000, "assumed quantity")
	e.line(r, "reads", "bucket/reads", e.used(r, UsageBucketReads)/1000, "assumed quantity")
}

// count returns the number of elements of a list. Unknown elements are identifiers of resources, one each.
func (e *estimate) count(r Resource, key resource.PropertyKey) float64 {
	n := len(r.Uses[string(key)])
	if list, ok := r.Inputs[key]; ok && list.IsArray() {
		n = max(n, len(list.ArrayValue()))
	}
	if n == 0 {
		e.problems.NotSet(r.Name+"."+string(key), "must be known before the deployment")
	}
	return float64(n)
}
