package podidentity

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/validation"
)

const roleType = "kubeadm-aws:podidentity:Role"

// RoleArgs describes the role of the pods of one service account.
type RoleArgs struct {
	// RoleName is the name in IAM, at most 64 characters.
	RoleName string `pulumi:"roleName"`
	// Issuer is that of the cluster.
	Issuer *Issuer `pulumi:"issuer"`
	// Namespace and ServiceAccount name the only service account whose tokens are accepted.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
	// Statements allow everything that the pods may do.
	Statements []kubeadm.Statement `pulumi:"statements"`
}

// Role is an IAM role that the pods of one service account may take, and nobody else.
type Role struct {
	pulumi.ResourceState

	// ARN resolves once the role has its permissions.
	ARN pulumi.StringOutput `pulumi:"arn"`
}

// NewRole creates the role. The pods mount a token with pod.AWSIdentity.
func NewRole(ctx *pulumi.Context, name string, args *RoleArgs, opts ...pulumi.ResourceOption) (*Role, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("role of pods %s: %w", name, err)
	}
	r := &Role{}
	if err := ctx.RegisterComponentResource(roleType, name, r, opts...); err != nil {
		return nil, fmt.Errorf("role of pods %s: %w", name, err)
	}
	if err := r.create(ctx, name, args); err != nil {
		return nil, fmt.Errorf("role of pods %s: %w", name, err)
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"arn": r.ARN})
}

// Validate returns all problems of the arguments, joined.
func (a *RoleArgs) Validate() error {
	var problems validation.Problems
	if a.RoleName == "" || len(a.RoleName) > kubeadm.MaxRoleName {
		problems.Add("RoleName", a.RoleName, "must be a name of at most %d characters", kubeadm.MaxRoleName)
	}
	if a.Issuer == nil {
		problems.NotSet("Issuer", "must be that of the cluster")
	}
	// A wildcard would let other service accounts take the role.
	kubeadm.AddLabelProblems(&problems, "Namespace", a.Namespace)
	kubeadm.AddLabelProblems(&problems, "ServiceAccount", a.ServiceAccount)
	if len(a.Statements) == 0 {
		problems.NotSet("Statements", "must hold at least one statement")
	}
	for _, statement := range a.Statements {
		problems.Include("Statements", statement.Validate())
	}
	return problems.Err()
}

func (r *Role) create(ctx *pulumi.Context, name string, args *RoleArgs) error {
	parent := pulumi.Parent(r)
	trust := pulumi.All(args.Issuer.URL, args.Issuer.ProviderARN).ApplyT(func(all []any) map[string]any {
		issuer := strings.TrimPrefix(all[0].(string), "https://")
		return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Federated": all[1]}, "Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": map[string]any{"StringEquals": map[string]any{
				issuer + ":sub": "system:serviceaccount:" + args.Namespace + ":" + args.ServiceAccount,
				issuer + ":aud": Audience,
			}},
		}}}
	})
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name: pulumi.String(args.RoleName), AssumeRolePolicy: pulumi.JSONMarshal(trust),
		Description: pulumi.String("Pods of service account " + args.ServiceAccount + " in namespace " + args.Namespace),
	}, parent)
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: kubeadm.PolicyDocument(args.Statements)}, parent)
	if err != nil {
		return err
	}
	r.ARN = pulumi.All(role.Arn, policy.ID()).ApplyT(func(all []any) string { return all[0].(string) }).(pulumi.StringOutput)
	return nil
}
