// Package podidentity lets pods act in AWS by the tokens of their service accounts: no key lies in the cluster, and no pod needs
// the role of its node. AWS verifies a token with documents in a public bucket.
package podidentity

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/pod"
)

const issuerType = "kubeadm-aws:podidentity:Issuer"

// Audience is that of tokens for AWS.
const Audience = pod.AWSAudience

// IssuerArgs describes the issuer of a cluster's tokens.
type IssuerArgs struct {
	// Region is the AWS region of the bucket, e.g. ap-northeast-2.
	Region string `pulumi:"region"`
	// DeletionProtection protects the bucket from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`
}

// Issuer is the identity provider of a cluster: a public bucket with the documents of OpenID Connect discovery, and AWS's trust in
// it. The control plane writes the public keys there, see kubeadm.ControlPlaneConfig.IssuerBucket.
type Issuer struct {
	pulumi.ResourceState

	// URL is the issuer in every token.
	URL pulumi.StringOutput `pulumi:"url"`
	// ProviderARN is IAM's identity provider, which the roles of pods trust.
	ProviderARN pulumi.StringOutput `pulumi:"providerArn"`
	// Bucket holds the documents.
	Bucket *bucket.Bucket `pulumi:"bucket"`
}

// NewIssuer creates the bucket, the discovery document and the identity provider.
func NewIssuer(ctx *pulumi.Context, name string, args *IssuerArgs, opts ...pulumi.ResourceOption) (*Issuer, error) {
	i := &Issuer{}
	if err := ctx.RegisterComponentResource(issuerType, name, i, opts...); err != nil {
		return nil, fmt.Errorf("issuer %s: %w", name, err)
	}
	if err := i.create(ctx, name, args); err != nil {
		return nil, fmt.Errorf("issuer %s: %w", name, err)
	}
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"url": i.URL, "providerArn": i.ProviderARN})
}

func (i *Issuer) create(ctx *pulumi.Context, name string, args *IssuerArgs) (err error) {
	parent := pulumi.Parent(i)
	if i.Bucket, err = bucket.NewBucket(ctx, name+"-issuer", &bucket.BucketArgs{
		NoncurrentDays: 1, PublicKeys: []string{kubeadm.DiscoveryKey, kubeadm.KeysKey}, DeletionProtection: args.DeletionProtection,
	}, parent); err != nil {
		return err
	}
	i.URL = i.Bucket.Name.ApplyT(func(bucket string) string { return kubeadm.IssuerURL(bucket, args.Region) }).(pulumi.StringOutput)
	document, err := s3.NewBucketObjectv2(ctx, name+"-discovery", &s3.BucketObjectv2Args{
		Bucket: i.Bucket.Name, Key: pulumi.String(kubeadm.DiscoveryKey), ContentType: pulumi.String("application/json"),
		Content: pulumi.JSONMarshal(pulumi.Map{
			"issuer":                                i.URL,
			"jwks_uri":                              pulumi.Sprintf("%s/%s", i.URL, kubeadm.KeysKey),
			"response_types_supported":              pulumi.ToStringArray([]string{"id_token"}),
			"subject_types_supported":               pulumi.ToStringArray([]string{"public"}),
			"id_token_signing_alg_values_supported": pulumi.ToStringArray([]string{"RS256", "ES256"}),
		}),
	}, parent)
	if err != nil {
		return err
	}
	// Without a thumbprint IAM verifies S3's certificate with the authorities that it trusts.
	provider, err := iam.NewOpenIdConnectProvider(ctx, name, &iam.OpenIdConnectProviderArgs{
		Url: i.URL, ClientIdLists: pulumi.ToStringArray([]string{Audience}),
	}, parent, pulumi.DependsOn(append([]pulumi.Resource{document}, i.Bucket.Writable...)))
	if err != nil {
		return err
	}
	i.ProviderARN = provider.Arn
	return nil
}
