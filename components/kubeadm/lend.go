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

// LentPolicy returns an IAM policy that allows to read all backups until the given time, and to decrypt them if a key of KMS encrypts them. A backup holds the private keys of the
// certificate authorities, so that the control plane has no right to read one unless it has to restore it.
func LentPolicy(bucketARN, keyARN string, until time.Time) string {
	if keyARN != "" {
		return lentPolicy(bucketARN, until, `,{"Sid":"DecryptBackups","Effect":"Allow","Action":"kms:Decrypt","Resource":"`+keyARN+
			`","Condition":{"StringEquals":{"`+bucketContext+`":"`+bucketARN+`"},"DateLessThan":{"aws:CurrentTime":"`+until.UTC().Format(time.RFC3339)+`"}}}`)
	}
	return lentPolicy(bucketARN, until, "")
}

func lentPolicy(bucketARN string, until time.Time, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"ReadBackups","Effect":"Allow","Action":"s3:GetObject","Resource":"` + bucketARN +
		`/` + BackupPrefix + `*","Condition":{"DateLessThan":{"aws:CurrentTime":"` + until.UTC().Format(time.RFC3339) + `"}}}` + more + `]}`
}

// lendBackups creates the policy of the control plane's role. Without a loan the last one stays, and has ended.
func (b *bootstrapBuilder) lendBackups(role *iam.Role) (*iam.RolePolicy, error) {
	until, options := b.args.LendBackupsUntil, []pulumi.ResourceOption{pulumi.Parent(b.bootstrap)}
	if until.IsZero() {
		until, options = neverLent, append(options, pulumi.IgnoreChanges([]string{"policy"}))
	}
	key := pulumi.StringInput(pulumi.String(""))
	if b.args.KeyARN != nil {
		key = b.args.KeyARN
	}
	lent := pulumi.All(b.args.BackupBucketARN, key).ApplyT(func(arns []any) string { return LentPolicy(arns[0].(string), arns[1].(string), until) }).(pulumi.StringOutput)
	policy, err := iam.NewRolePolicy(b.ctx, b.name+"-"+LentPolicyName, &iam.RolePolicyArgs{
		Role: role.Name, Name: pulumi.String(LentPolicyName), Policy: lent,
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", LentPolicyName, err)
	}
	return policy, nil
}
