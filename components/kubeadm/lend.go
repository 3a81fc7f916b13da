package kubeadm

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LentPolicyName is the name of the policy with which a control plane reads its backups.
const LentPolicyName = "read-backups"

// neverLent ends the first loan: there is no backup yet.
var neverLent = time.Unix(0, 0)

// LentPolicy returns an IAM policy that allows to read all backups until the given time. A backup holds the private keys of the
// certificate authorities, so that the control plane has no right to read one unless it has to restore it.
func LentPolicy(bucketARN string, until time.Time) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"ReadBackups","Effect":"Allow","Action":"s3:GetObject","Resource":"` + bucketARN +
		`/` + BackupPrefix + `*","Condition":{"DateLessThan":{"aws:CurrentTime":"` + until.UTC().Format(time.RFC3339) + `"}}}]}`
}

// lendBackups creates the policy of the control plane's role. Without a loan the last one stays, and has ended.
func (b *bootstrapBuilder) lendBackups(role *iam.Role) (*iam.RolePolicy, error) {
	until, options := b.args.LendBackupsUntil, []pulumi.ResourceOption{pulumi.Parent(b.bootstrap)}
	if until.IsZero() {
		until, options = neverLent, append(options, pulumi.IgnoreChanges([]string{"policy"}))
	}
	policy, err := iam.NewRolePolicy(b.ctx, b.name+"-"+LentPolicyName, &iam.RolePolicyArgs{
		Role: role.Name, Name: pulumi.String(LentPolicyName), Policy: b.args.BackupBucketARN.ToStringOutput().ApplyT(func(arn string) string { return LentPolicy(arn, until) }).(pulumi.StringOutput),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", LentPolicyName, err)
	}
	return policy, nil
}
