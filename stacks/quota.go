package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/network"
)

const (
	// vcpuQuota is "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", counted in vCPUs.
	vcpuQuota = "L-1216C47A"
	// spotQuota is "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", counted in vCPUs.
	spotQuota = "L-34B43A08"
	// addressQuota is "EC2-VPC Elastic IPs", vpcQuota "VPCs per Region".
	addressQuota = "L-0263D0A3"
	vpcQuota     = "L-F678F1CE"
	// clusterTag is the key of the tag of all resources of one cluster.
	clusterTag = "Cluster"
)

// demand is the need of a stack for something that the account limits.
type demand struct {
	// subject needs a number of units, e.g. "the topology" and "vCPUs"; others is the number in use outside the cluster.
	subject, unit  string
	needed, others int
	// service and code name the quota, instead is the way out beside a larger quota.
	service, code, instead string
}

// checkQuotas returns an error if the account's quotas do not cover the stack beside everything else in the account. AWS would
// refuse the last resources only, with half a cluster created.
func checkQuotas(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) error {
	vcpus, spotVCPUs, err := othersVCPU(ctx, s.ClusterName(), via)
	if err != nil {
		return fmt.Errorf("count running vCPUs: %w", err)
	}
	var steady, spot []Node
	for _, n := range s.nodesWithSurge() {
		if n.Spot() {
			spot = append(spot, n)
		} else {
			steady = append(steady, n)
		}
	}
	own := map[string]string{clusterTag: s.ClusterName()}
	addresses, err := ec2.GetEips(ctx, &ec2.GetEipsArgs{}, via)
	if err != nil {
		return fmt.Errorf("count Elastic IPs: %w", err)
	}
	ownAddresses, err := ec2.GetEips(ctx, &ec2.GetEipsArgs{Tags: own}, via)
	if err != nil {
		return fmt.Errorf("count Elastic IPs: %w", err)
	}
	vpcs, err := ec2.GetVpcs(ctx, &ec2.GetVpcsArgs{}, via)
	if err != nil {
		return fmt.Errorf("count VPCs: %w", err)
	}
	ownVPCs, err := ec2.GetVpcs(ctx, &ec2.GetVpcsArgs{Tags: own}, via)
	if err != nil {
		return fmt.Errorf("count VPCs: %w", err)
	}
	demands := []demand{
		{s.quotaSubject(), "vCPUs", Sum(steady).VCPU, vcpus, "ec2", vcpuQuota, "choose smaller instanceTypes"},
		{"the stack", "Elastic IPs", s.elasticIPs(), len(addresses.AllocationIds) - len(ownAddresses.AllocationIds), "ec2", addressQuota, "release some"},
		{"the stack", "VPCs", 1, len(vpcs.Ids) - len(ownVPCs.Ids), "vpc", vpcQuota, "delete one"},
	}
	if len(spot) > 0 {
		demands = append(demands, demand{"the stack", "vCPUs of spot instances", Sum(spot).VCPU, spotVCPUs, "ec2", spotQuota, "buy on demand"})
	}
	for _, d := range demands {
		if err := d.check(ctx, s.Region, via); err != nil {
			return err
		}
	}
	return nil
}

func (d demand) check(ctx *pulumi.Context, region string, via pulumi.InvokeOption) error {
	quota, err := servicequotas.LookupServiceQuota(ctx, &servicequotas.LookupServiceQuotaArgs{
		ServiceCode: d.service, QuotaCode: pulumi.StringRef(d.code),
	}, via)
	if err != nil {
		return fmt.Errorf("read quota %s: %w", d.code, err)
	}
	if available := int(quota.Value) - d.others; d.needed > available {
		return fmt.Errorf("%s needs %d %s but only %d are left in %s: quota %q (%s) is %d and others use %d; "+
			"request at least %d in Service Quotas, or %s",
			d.subject, d.needed, d.unit, max(available, 0), region, quota.QuotaName, d.code, int(quota.Value), d.others, d.needed+d.others, d.instead)
	}
	return nil
}

// quotaSubject names the instances that the quota has to cover.
func (s *Settings) quotaSubject() string {
	if len(s.SurgeNodes) == 0 {
		return "the topology"
	}
	return fmt.Sprintf("the topology with surge instances for %s", strings.Join(s.SurgeNodes, ", "))
}

// elasticIPs returns the number of Elastic IPs of the stack: those of the control plane and of NAT gateways.
func (s *Settings) elasticIPs() int {
	addresses := 0
	if s.NodeSubnets == subnetsPublic {
		addresses++
	}
	switch s.NATGateways {
	case network.NATSingle:
		addresses++
	case network.NATPerZone:
		addresses += len(s.AvailabilityZones)
	}
	return addresses
}

// standardTypes are the patterns of the instance types that vcpuQuota counts. A digit follows the letters of the family, so that
// e.g. inf1 and trn1, which have quotas of their own, do not match.
func standardTypes() []string {
	var patterns []string
	for _, family := range []string{"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"} {
		for generation := 1; generation <= 9; generation++ {
			patterns = append(patterns, fmt.Sprintf("%s%d*", family, generation))
		}
	}
	return patterns
}

// size is a part of the instance types that have the same number of vCPUs.
type size struct {
	vcpus    int
	patterns []string
}

// sizes returns all sizes, in the order in which a type is looked for in them; the last holds all others.
func sizes() []size {
	all := []size{
		{2, []string{"*.large", "t2.medium", "t3*.nano", "t3*.micro", "t3*.small", "t3*.medium", "t4g.nano", "t4g.micro", "t4g.small", "t4g.medium"}},
		{1, []string{"*.nano", "*.micro", "*.small", "*.medium"}},
		{4, []string{"*.xlarge"}},
	}
	for _, factor := range []int{2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48, 64, 96} {
		all = append(all, size{4 * factor, []string{fmt.Sprintf("*.%dxlarge", factor), fmt.Sprintf("*.metal-%dxl", factor)}})
	}
	return append(all, size{128, []string{"*"}}) // metal servers without a number have at most as many
}

// othersVCPU returns the number of vCPUs of running standard instances outside the cluster, on demand and spot. A list does not hold
// the types, and a question for each instance would take minutes in a large account, so each size is listed until all are counted.
func othersVCPU(ctx *pulumi.Context, cluster string, via pulumi.InvokeOption) (onDemand, spot int, err error) {
	list := func(tags map[string]string, filter string, values ...string) ([]string, error) {
		args := &ec2.GetInstancesArgs{InstanceStateNames: []string{"pending", "running"}, InstanceTags: tags}
		if filter != "" {
			args.Filters = []ec2.GetInstancesFilter{{Name: filter, Values: values}}
		}
		found, err := ec2.GetInstances(ctx, args, via)
		if err != nil {
			return nil, err
		}
		return found.Ids, nil
	}
	standard, err := list(nil, "instance-type", standardTypes()...)
	if err != nil || len(standard) == 0 {
		return 0, 0, err
	}
	others := map[string]bool{}
	for _, id := range standard {
		others[id] = true
	}
	own, err := list(map[string]string{clusterTag: cluster}, "")
	if err != nil {
		return 0, 0, err
	}
	for _, id := range own {
		delete(others, id)
	}
	interruptible, err := list(nil, "instance-lifecycle", "spot")
	if err != nil {
		return 0, 0, err
	}
	for _, size := range sizes() {
		if len(others) == 0 {
			break
		}
		ids, err := list(nil, "instance-type", size.patterns...)
		if err != nil {
			return 0, 0, err
		}
		for _, id := range ids {
			switch {
			case !others[id]:
				continue
			case slices.Contains(interruptible, id):
				spot += size.vcpus
			default:
				onDemand += size.vcpus
			}
			delete(others, id)
		}
	}
	return onDemand, spot, nil
}
