package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The calls that people and workflows make with the AWS CLI beside Pulumi. Their caller is that of the program's lookups: the
// account's owner, or the role of Assume. Package cliserver serves them.

// mayCall decides whether the caller may make a call that reads everything of a kind. The cloud must be locked.
func (c *Cloud) mayCall(service, prefix, operation string) error {
	return c.authorize(c.program(), service, operation, request{action: prefix + ":" + operation, resource: "*"})
}

// Caller is the session of whoever makes these calls now.
func (c *Cloud) Caller() *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Session{c, c.program()}
}

// InstanceDescription is an instance in the answer of EC2's DescribeInstances.
type InstanceDescription struct {
	ID, Type, Zone, State string
	// Launched is a time in RFC 3339.
	Launched string
	Tags     map[string]string
}

// DescribeInstances lists the instances that pass all filters: lists of values by the name of the filter.
func (c *Cloud) DescribeInstances(filters map[string][]string) ([]InstanceDescription, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall("EC2", "ec2", "DescribeInstances"); err != nil {
		return nil, err
	}
	found, err := c.matchingInstances(filterBlocks(filters), nil)
	if err != nil {
		return nil, refuseEC2("DescribeInstances", "InvalidParameterValue", "%s", err)
	}
	var list []InstanceDescription
	for _, i := range found {
		list = append(list, InstanceDescription{i.id, i.kind.name, i.subnet.zone.name, i.state, i.launched, maps.Clone(i.tags)})
	}
	return list, nil
}

// filterBlocks are filters as a lookup of the provider has them.
func filterBlocks(filters map[string][]string) (blocks []values) {
	for name, list := range filters {
		blocks = append(blocks, values{"name": name, "values": anyList(list)})
	}
	return blocks
}

// SnapshotDescription is a snapshot in the answer of EC2's DescribeSnapshots.
type SnapshotDescription struct {
	ID, Volume string
	SizeGiB    int
	// Taken is a time in RFC 3339.
	Taken string
	Tags  map[string]string
}

// DescribeSnapshots lists the account's snapshots that pass all filters, the latest first.
func (c *Cloud) DescribeSnapshots(filters map[string][]string) ([]SnapshotDescription, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall("EC2", "ec2", "DescribeSnapshots"); err != nil {
		return nil, err
	}
	found, err := c.matchingSnapshots(filterBlocks(filters), nil, nil)
	if err != nil {
		return nil, refuseEC2("DescribeSnapshots", "InvalidParameterValue", "%s", err)
	}
	var list []SnapshotDescription
	for _, s := range found {
		list = append(list, SnapshotDescription{s.id, s.volume, s.sizeGiB, s.taken.Format(time.RFC3339), maps.Clone(s.tags)})
	}
	return list, nil
}

// TargetGroupARNs returns the ARNs of all target groups by name.
func (c *Cloud) TargetGroupARNs() (map[string]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall(elb, "elasticloadbalancing", "DescribeTargetGroups"); err != nil {
		return nil, err
	}
	arns := map[string]string{}
	for arn, g := range c.targetGroups {
		arns[g.name] = arn
	}
	return arns, nil
}

// TargetHealth returns the reasons for which the targets of a group get no requests, by instance ID; a healthy one has none. A
// target is healthy if its instance runs and its load balancer reaches it: no process answers its health checks.
func (c *Cloud) TargetHealth(arn string) (map[string]string, error) {
	const operation = "DescribeTargetHealth"
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall(elb, "elasticloadbalancing", operation); err != nil {
		return nil, err
	}
	g, err := c.targetGroupNamed(operation, arn)
	if err != nil {
		return nil, err
	}
	health := map[string]string{}
	for _, a := range g.targets {
		if i := c.instances[a.target]; !a.left {
			health[a.target] = "Target.Timeout"
			if i == nil || i.state != "running" {
				health[a.target] = "Target.InvalidState"
			}
		}
	}
	for user := range g.users {
		if l := c.balancerOf(user); l != nil {
			for _, target := range c.forward(l, g).Targets {
				i, err := c.instanceByName(target.Instance)
				if err != nil {
					return nil, err
				}
				health[i.id] = ""
			}
		}
	}
	return health, nil
}

// DescribeAlarms are the names of all alarms that begin with the prefix, in order.
func (c *Cloud) DescribeAlarms(prefix string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall("CloudWatch", "cloudwatch", "DescribeAlarms"); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(c.alarms))
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) }), nil
}

// DisableAlarmActions disables the actions of alarms.
func (c *Cloud) DisableAlarmActions(names ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.switchAlarms(c.program(), "DisableAlarmActions", names, false)
}

// EnableAlarmActions enables them.
func (c *Cloud) EnableAlarmActions(names ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.switchAlarms(c.program(), "EnableAlarmActions", names, true)
}

// CertificateSummary is a certificate in the answer of ACM's ListCertificates.
type CertificateSummary struct {
	ARN, Domain, Status string
	// NotAfter is a time in RFC 3339; empty until the certificate is issued.
	NotAfter string
}

// ListCertificates lists the certificates by ARN.
func (c *Cloud) ListCertificates() ([]CertificateSummary, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall("ACM", "acm", "ListCertificates"); err != nil {
		return nil, err
	}
	var list []CertificateSummary
	for _, arn := range slices.Sorted(maps.Keys(c.certificates)) {
		is := values(c.certificates[arn].attributes(c))
		list = append(list, CertificateSummary{arn, is.text("domainName"), is.text("status"), is.text("notAfter")})
	}
	return list, nil
}

// ReadParameter is GetParameter with decryption.
func (c *Cloud) ReadParameter(name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.getParameterAs(c.program(), name)
}

// CreateParameter is PutParameter of a new one of type String.
func (c *Cloud) CreateParameter(name, value string) error {
	const operation = "PutParameter"
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayUseParameter(c.program(), operation, name); err != nil {
		return err
	}
	if c.parameters[name] != nil {
		return errParameterExists
	}
	p, err := (&parameter{name: name, kind: "String", dataType: "text", tier: "Standard"}).with(value)
	if err != nil {
		return err
	}
	c.parameters[name] = &p
	return nil
}

// DeleteParameter deletes a parameter that CreateParameter has made.
func (c *Cloud) DeleteParameter(name string) error {
	const operation = "DeleteParameter"
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayUseParameter(c.program(), operation, name); err != nil {
		return err
	}
	switch {
	case c.parameters[name] == nil:
		return refuseSSM(operation, "ParameterNotFound", "parameter %s not found", name)
	case c.objects[parameterToken][name] != nil:
		return fmt.Errorf("deleting %s, which is in Pulumi's state, is not modeled by the simulated AWS", name)
	}
	delete(c.parameters, name)
	return nil
}
