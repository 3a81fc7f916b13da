package instance

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/validation"
)

// CreditModes are the values of CPUCredits besides empty. In unlimited mode CPU time above the baseline is billed, in standard
// mode the instance is slowed down to its baseline once its credits are spent.
var CreditModes = []string{"standard", "unlimited"}

// creditSpecification returns the mode of a burstable type; nil for others, which have no credits.
func (a *InstanceArgs) creditSpecification() ec2.InstanceCreditSpecificationPtrInput {
	kind, err := capacity.LookupInstanceType(a.InstanceType)
	if a.CPUCredits == "" || err != nil || kind.BaselinePercent == 0 {
		return nil
	}
	return &ec2.InstanceCreditSpecificationArgs{CpuCredits: pulumi.String(a.CPUCredits)}
}

func (a *InstanceArgs) validateCredits(problems *validation.Problems) {
	if a.CPUCredits != "" && !slices.Contains(CreditModes, a.CPUCredits) {
		problems.Add("CPUCredits", a.CPUCredits, "must be one of %v, or empty for EC2's default", CreditModes)
	}
}
