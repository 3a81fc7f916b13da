// Package bucket builds a private S3 bucket.
package bucket

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:bucket:Bucket"

// BucketArgs describes a bucket.
type BucketArgs struct {
	// NoncurrentDays is the number of days for which an overwritten or deleted object can be restored; at least 1.
	NoncurrentDays int `pulumi:"noncurrentDays"`
	// ExpireDays is the age in days at which objects are deleted; 0 keeps them.
	ExpireDays int `pulumi:"expireDays"`
	// ExpirePrefix limits ExpireDays to objects whose keys begin with it.
	ExpirePrefix string `pulumi:"expirePrefix"`
	// Origins are the web origins whose pages may read and write objects by presigned URLs, e.g. https://example.com. The
	// bucket stays private: a presigned URL is the permission.
	Origins []string `pulumi:"origins"`
	// PublicKeys are the keys of objects that everyone may read; all others stay private.
	PublicKeys []string `pulumi:"publicKeys"`
	// KeyARN is the key of KMS that encrypts new objects; S3's own when nil.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// Users are the only principals that use objects and change the bucket: ARNs of roles and users, or patterns as of ArnLike.
	// Whoever runs the program must be one of them. Everyone whom IAM allows it when empty.
	Users []string `pulumi:"users"`
	// LoadBalancerLogs lets AWS write the access logs of this account's load balancers below AWSLogs/.
	LoadBalancerLogs bool `pulumi:"loadBalancerLogs"`
	// DeletionProtection protects the bucket, and the objects in it, from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`
}

// Bucket is an encrypted, versioned bucket that accepts TLS from 1.2 on only, without public access but to BucketArgs.PublicKeys.
type Bucket struct {
	pulumi.ResourceState

	// Name is the bucket's globally unique name.
	Name pulumi.StringOutput `pulumi:"name"`
	// ARN is the bucket's Amazon resource name.
	ARN pulumi.StringOutput `pulumi:"arn"`

	// Writable are the resources without which nothing should be written to the bucket: encryption, versions and policy.
	// Lifecycle rules are none of them: AWS takes a minute to accept one, and it expires nothing on the first day.
	Writable []pulumi.Resource `pulumi:"writable"`
}

// NewBucket creates the bucket with its encryption, policy, versioning and lifecycle rules.
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	b := &Bucket{}
	if err := ctx.RegisterComponentResource(typeToken, name, b, opts...); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	// Pulumi adds a random suffix: bucket names are unique in all of AWS.
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(!args.DeletionProtection),
	}, pulumi.Parent(b), pulumi.Protect(args.DeletionProtection))
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	b.Name, b.ARN = bucket.Bucket, bucket.Arn
	if err := b.encrypt(ctx, name, bucket, args.KeyARN); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	if err := b.keepPrivate(ctx, name, bucket, args); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	if err := b.keepVersions(ctx, name, bucket, args); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	if err := b.admitPages(ctx, name, bucket, args); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"name": b.Name, "arn": b.ARN})
}

// Validate returns all problems of the arguments, joined.
func (a *BucketArgs) Validate() error {
	var problems validation.Problems
	if a.NoncurrentDays < 1 {
		problems.Add("NoncurrentDays", a.NoncurrentDays, "must be at least 1")
	}
	if a.ExpireDays < 0 {
		problems.Add("ExpireDays", a.ExpireDays, "must be at least 1, or 0 to keep objects")
	}
	for i, origin := range a.Origins {
		if !IsOrigin(origin) {
			problems.Add("Origins", origin, "must be scheme, host and port of a page, e.g. https://example.com")
		} else if slices.Contains(a.Origins[:i], origin) {
			problems.Add("Origins", origin, "must be named once")
		}
	}
	if len(a.Users) > 0 && len(a.PublicKeys) > 0 {
		problems.Add("Users", a.Users, "must be empty with PublicKeys, which everyone uses")
	}
	if len(a.Origins) > MaxOrigins {
		problems.Add("Origins", len(a.Origins), "must be at most %d", MaxOrigins)
	}
	return problems.Err()
}

// MaxOrigins is the number of origins of a bucket. It keeps the configuration far below the 64 KiB that S3 allows.
const MaxOrigins = 20

// IsOrigin reports whether a browser may send the text as the origin of a page. http is for pages on the reader's own computer.
func IsOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || text != u.Scheme+"://"+u.Host || strings.HasSuffix(text, ":") || len(utilvalidation.IsDNS1123Subdomain(u.Hostname())) > 0 {
		return false
	}
	if port := u.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return false
		}
	}
	return u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost"
}

// preflightSeconds is the time for which a browser remembers the answer to a preflight request.
const preflightSeconds = 3600

// admitPages lets the pages of the origins use presigned URLs.
func (b *Bucket) admitPages(ctx *pulumi.Context, name string, bucket *s3.BucketV2, args *BucketArgs) error {
	if len(args.Origins) == 0 {
		return nil
	}
	_, err := s3.NewBucketCorsConfigurationV2(ctx, name, &s3.BucketCorsConfigurationV2Args{
		Bucket: bucket.ID(),
		CorsRules: s3.BucketCorsConfigurationV2CorsRuleArray{&s3.BucketCorsConfigurationV2CorsRuleArgs{
			AllowedMethods: pulumi.ToStringArray([]string{"GET", "HEAD", "POST", "PUT"}),
			AllowedOrigins: pulumi.ToStringArray(args.Origins),
			AllowedHeaders: pulumi.ToStringArray([]string{"*"}),
			// A page compares the checksum of its upload.
			ExposeHeaders: pulumi.ToStringArray([]string{"ETag"}),
			MaxAgeSeconds: pulumi.Int(preflightSeconds),
		}},
	}, pulumi.Parent(b))
	return err
}

func (b *Bucket) keepPrivate(ctx *pulumi.Context, name string, bucket *s3.BucketV2, args *BucketArgs) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(len(args.PublicKeys) == 0),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(len(args.PublicKeys) == 0),
	}, pulumi.Parent(b))
	if err != nil {
		return err
	}
	policy, err := s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": args.statements(bucket.Arn)}),
		// S3 rejects concurrent changes of the access to a bucket.
	}, pulumi.Parent(b), pulumi.DependsOn([]pulumi.Resource{block}))
	b.Writable = append(b.Writable, block, policy)
	return err
}

func (b *Bucket) encrypt(ctx *pulumi.Context, name string, bucket *s3.BucketV2, key pulumi.StringInput) error {
	rule := &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("AES256"),
		},
	}
	if key != nil {
		rule = &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key,
			},
			BucketKeyEnabled: pulumi.Bool(true), // one call of KMS for many objects
		}
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{rule},
	}, pulumi.Parent(b))
	b.Writable = append(b.Writable, encryption)
	return err
}

func (b *Bucket) keepVersions(ctx *pulumi.Context, name string, bucket *s3.BucketV2, args *BucketArgs) error {
	versioning, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, pulumi.Parent(b))
	if err != nil {
		return err
	}
	b.Writable = append(b.Writable, versioning)
	rules := s3.BucketLifecycleConfigurationV2RuleArray{&s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("tidy"),
		Status: pulumi.String("Enabled"),
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(args.NoncurrentDays),
		},
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(7),
		},
	}}
	if args.ExpireDays > 0 {
		rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expire"),
			Status:     pulumi.String("Enabled"),
			Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(args.ExpirePrefix)},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.ExpireDays)},
		})
	}
	_, err = s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  rules,
		// The rule on noncurrent versions needs versioning.
	}, pulumi.Parent(b), pulumi.DependsOn([]pulumi.Resource{versioning}))
	return err
}

// listing are the actions that show settings and names, and no content. IAM decides about them.
var listing = []string{
	"s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
	"s3:GetAccelerateConfiguration", "s3:ListBucket",
}

// statements returns the bucket's policy.
func (a *BucketArgs) statements(arn pulumi.StringOutput) pulumi.Array {
	deny := func(sid, field string, actions pulumi.Input, condition pulumi.Map) pulumi.Map {
		return pulumi.Map{
			"Sid": pulumi.String(sid), "Effect": pulumi.String("Deny"), "Principal": pulumi.String("*"), field: actions,
			"Resource": pulumi.StringArray{arn, pulumi.Sprintf("%s/*", arn)}, "Condition": condition,
		}
	}
	statements := pulumi.Array{
		deny("OnlyTLS", "Action", pulumi.String("s3:*"), pulumi.Map{"Bool": pulumi.StringMap{"aws:SecureTransport": pulumi.String("false")}}),
		deny("OnlyTLS12", "Action", pulumi.String("s3:*"), pulumi.Map{"NumericLessThan": pulumi.StringMap{"s3:TlsVersion": pulumi.String("1.2")}}),
	}
	if len(a.Users) > 0 {
		statements = append(statements, deny("OnlyUsers", "NotAction", pulumi.ToStringArray(listing), pulumi.Map{
			"ArnNotLike": pulumi.Map{"aws:PrincipalArn": pulumi.ToStringArray(a.Users)},
		}))
	}
	if a.LoadBalancerLogs {
		statements = append(statements, pulumi.Map{
			"Sid": pulumi.String("LoadBalancerLogs"), "Effect": pulumi.String("Allow"),
			"Principal": pulumi.StringMap{"Service": pulumi.String("logdelivery.elasticloadbalancing.amazonaws.com")},
			"Action":    pulumi.String("s3:PutObject"), "Resource": pulumi.Sprintf("%s/AWSLogs/*", arn),
		})
	}
	if len(a.PublicKeys) > 0 {
		objects := pulumi.StringArray{}
		for _, key := range a.PublicKeys {
			objects = append(objects, pulumi.Sprintf("%s/%s", arn, key))
		}
		statements = append(statements, pulumi.Map{
			"Sid": pulumi.String("Public"), "Effect": pulumi.String("Allow"), "Principal": pulumi.String("*"),
			"Action": pulumi.String("s3:GetObject"), "Resource": objects,
		})
	}
	return statements
}
