// Package encryption builds a KMS key that only named principals of the account use, whatever else IAM allows others.
package encryption

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:encryption:Key"

// deletionWindow is the number of days in which the deletion of a key can be canceled: snapshots that a destroyed stack leaves
// behind need it.
const deletionWindow = 30

// Key is a symmetric key with yearly rotation, and an alias.
type Key struct {
	pulumi.ResourceState

	// ARN is the key's Amazon resource name. It resolves once the alias exists.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Alias is the name by which machines know the key, alias/….
	Alias string `pulumi:"alias"`
}

// NewKey creates the key called alias/NAME.
func NewKey(ctx *pulumi.Context, name string, args *KeyArgs, opts ...pulumi.ResourceOption) (*Key, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("key %s:\n%w", name, err)
	}
	k := &Key{Alias: "alias/" + name}
	if err := ctx.RegisterComponentResource(typeToken, name, k, opts...); err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	policy, err := args.policy()
	if err != nil {
		return nil, fmt.Errorf("key %s: policy: %w", name, err)
	}
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:       pulumi.String("Parameters, buckets and volumes of " + name),
		EnableKeyRotation: pulumi.Bool(true), DeletionWindowInDays: pulumi.Int(deletionWindow), Policy: pulumi.String(policy),
	}, pulumi.Parent(k), pulumi.Protect(args.DeletionProtection))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	alias, err := kms.NewAlias(ctx, name, &kms.AliasArgs{Name: pulumi.String(k.Alias), TargetKeyId: key.ID()}, pulumi.Parent(k))
	if err != nil {
		return nil, fmt.Errorf("key %s: alias: %w", name, err)
	}
	k.ARN = alias.TargetKeyArn
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{"arn": k.ARN, "alias": pulumi.String(k.Alias)})
}
