package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// vcpuQuota is "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", counted in vCPUs.
	vcpuQuota        = "L-1216C47A"
	standardFamilies = "acdhimrtz"
	// clusterTag is the key of the tag of all resources of one cluster.
	clusterTag = "Cluster"
)

// checkQuota returns an error if the account's quota does not cover the topology and the other running instances. EC2 would
// refuse the last instances only, with half a cluster created.
func checkQuota(ctx *pulumi.Context, s *Settings, opts ...pulumi.InvokeOption) error {
	quota, err := servicequotas.LookupServiceQuota(ctx, &servicequotas.LookupServiceQuotaArgs{
		ServiceCode: "ec2", QuotaCode: pulumi.StringRef(vcpuQuota),
	}, opts...)
	if err != nil {
		return fmt.Errorf("read quota %s: %w", vcpuQuota, err)
	}
	others, err := othersVCPU(ctx, s.ClusterName(), opts...)
	if err != nil {
		return fmt.Errorf("count running vCPUs: %w", err)
	}
	needed := Sum(s.nodesWithSurge()).VCPU
	if available := int(quota.Value) - others; needed > available {
		return fmt.Errorf("%s needs %d vCPUs but only %d are left in %s: quota %q (%s) is %d and other instances use %d; "+
			"request at least %d in Service Quotas, or choose smaller instanceTypes",
			s.quotaSubject(), needed, max(available, 0), s.Region, quota.QuotaName, vcpuQuota, int(quota.Value), others, needed+others)
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

// othersVCPU returns the number of vCPUs of running standard instances outside the cluster.
func othersVCPU(ctx *pulumi.Context, cluster string, opts ...pulumi.InvokeOption) (int, error) {
	running, err := ec2.GetInstances(ctx, &ec2.GetInstancesArgs{InstanceStateNames: []string{"pending", "running"}}, opts...)
	if err != nil {
		return 0, err
	}
	vcpus := 0
	sizes := map[string]int{}
	for _, id := range running.Ids {
		instance, err := ec2.LookupInstance(ctx, &ec2.LookupInstanceArgs{InstanceId: pulumi.StringRef(id)}, opts...)
		if err != nil {
			return 0, fmt.Errorf("instance %s: %w", id, err)
		}
		family := instance.InstanceType[:1]
		if instance.Tags[clusterTag] == cluster || !strings.Contains(standardFamilies, family) {
			continue
		}
		if _, known := sizes[instance.InstanceType]; !known {
			size, err := ec2.GetInstanceType(ctx, &ec2.GetInstanceTypeArgs{InstanceType: instance.InstanceType}, opts...)
			if err != nil {
				return 0, fmt.Errorf("instance type %s: %w", instance.InstanceType, err)
			}
			sizes[instance.InstanceType] = size.DefaultVcpus
		}
		vcpus += sizes[instance.InstanceType]
	}
	return vcpus, nil
}
