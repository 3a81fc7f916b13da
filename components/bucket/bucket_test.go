package bucket

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	bucketV2    = "aws:s3/bucketV2:BucketV2"
	accessBlock = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	encryption  = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	versioning  = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	policy      = "aws:s3/bucketPolicy:BucketPolicy"
	cors        = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"
	lifecycle   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
)

// deploy makes a bucket called images in an empty account.
func deploy(t *testing.T, args BucketArgs) (*mocks.Mocks, *Bucket, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	var made *Bucket
	err := pulumi.RunErr(func(ctx *pulumi.Context) (err error) {
		made, err = NewBucket(ctx, "images", &args)
		return err
	}, pulumi.WithMocks("project", "stack", recorded))
	return recorded, made, err
}

// only is the one registration of a type.
func only(t *testing.T, recorded *mocks.Mocks, token string) recorder.Registration {
	t.Helper()
	found := recorded.OfType(token)
	require.Len(t, found, 1, token)
	return found[0]
}

func TestNewBucket_PrivateEncryptedVersioned(t *testing.T) {
	recorded, _, err := deploy(t, BucketArgs{NoncurrentDays: 30})
	require.NoError(t, err)

	component := only(t, recorded, typeToken)
	require.Len(t, recorded.All(), 7, "the component and its six resources")
	for _, token := range []string{bucketV2, accessBlock, encryption, versioning, lifecycle, policy} {
		child := only(t, recorded, token)
		assert.Equal(t, "images", child.Name, token)
		assert.Equal(t, component.URN, child.Parent, token)
		if token != bucketV2 {
			assert.Equal(t, only(t, recorded, bucketV2).ID, child.Inputs["bucket"].StringValue(), token)
		}
	}
	for _, block := range []resource.PropertyKey{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		assert.Equal(t, resource.NewBoolProperty(true), only(t, recorded, accessBlock).Inputs[block], block)
	}
	assert.Equal(t, []any{map[string]any{
		"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"},
	}}, only(t, recorded, encryption).Inputs["rules"].Mappable())
	assert.Equal(t, map[string]any{"status": "Enabled"}, only(t, recorded, versioning).Inputs["versioningConfiguration"].Mappable())
	assert.Contains(t, only(t, recorded, lifecycle).Dependencies, only(t, recorded, versioning).URN)
	assert.NotContains(t, only(t, recorded, bucketV2).Inputs, resource.PropertyKey("bucket"), "Pulumi finds a name that is free in all of AWS")
}

func TestNewBucket_TLSOnly(t *testing.T) {
	recorded, _, err := deploy(t, BucketArgs{NoncurrentDays: 30})
	require.NoError(t, err)
	arn := "arn:aws:s3:::" + only(t, recorded, bucketV2).ID
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["`+arn+`","`+arn+`/*"],
		"Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Sid":"OnlyTLS12","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["`+arn+`","`+arn+`/*"],
		"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}]}`, only(t, recorded, policy).Inputs["policy"].StringValue())
	assert.Contains(t, only(t, recorded, policy).Dependencies, only(t, recorded, accessBlock).URN)
}

// Everyone reads the named objects and no other, though the access block is open.
func TestNewBucket_PublicKeys(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewBucket(ctx, "images", &BucketArgs{NoncurrentDays: 30, PublicKeys: []string{"a/b"}})
		return err
	}, pulumi.WithMocks("project", "stack", recorded)))
	name := only(t, recorded, bucketV2).ID
	for key, public := range map[string]bool{"a/b": true, "a/c": false} {
		require.NoError(t, cloud.PutObject(name, key, []byte("x")))
		_, err := cloud.Anonymous(name, key)
		assert.Equal(t, public, err == nil, "%s: %v", key, err)
	}
}

func TestNewBucket_Outputs(t *testing.T) {
	name, arn := "", ""
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		b, err := NewBucket(ctx, "images", &BucketArgs{NoncurrentDays: 30})
		if err != nil {
			return err
		}
		b.Name.ApplyT(func(v string) string { name = v; return v })
		b.ARN.ApplyT(func(v string) string { arn = v; return v })
		return nil
	}, pulumi.WithMocks("project", "stack", recorded)))
	assert.Equal(t, only(t, recorded, bucketV2).ID, name)
	assert.Equal(t, "arn:aws:s3:::"+name, arn)
}

func TestNewBucket_LifecycleRules(t *testing.T) {
	rule := func(args BucketArgs) map[string]any {
		recorded, _, err := deploy(t, args)
		require.NoError(t, err)
		rules := only(t, recorded, lifecycle).Inputs["rules"].ArrayValue()
		return rules[len(rules)-1].ObjectValue().Mappable()
	}
	kept := rule(BucketArgs{NoncurrentDays: 30})
	assert.Equal(t, "Enabled", kept["status"])
	assert.Equal(t, map[string]any{"prefix": ""}, kept["filter"], "all objects")
	assert.Equal(t, map[string]any{"noncurrentDays": 30.0}, kept["noncurrentVersionExpiration"])
	assert.Equal(t, map[string]any{"daysAfterInitiation": 7.0}, kept["abortIncompleteMultipartUpload"])
	assert.NotContains(t, kept, "expiration")

	expires := rule(BucketArgs{NoncurrentDays: 1, ExpireDays: 90})
	assert.Equal(t, map[string]any{"days": 90.0}, expires["expiration"])
	assert.Equal(t, map[string]any{"prefix": ""}, expires["filter"], "all objects")
	assert.Equal(t, map[string]any{"prefix": "old/"}, rule(BucketArgs{NoncurrentDays: 1, ExpireDays: 90, ExpirePrefix: "old/"})["filter"])
}

func TestNewBucket_DeletionProtection(t *testing.T) {
	for _, protect := range []bool{true, false} {
		recorded, _, err := deploy(t, BucketArgs{NoncurrentDays: 30, DeletionProtection: protect})
		require.NoError(t, err)
		made := only(t, recorded, bucketV2)
		require.NotNil(t, made.Protect)
		assert.Equal(t, protect, *made.Protect)
		assert.Equal(t, !protect, made.Inputs["forceDestroy"].BoolValue(), "only a bucket that may go may take its objects along")
	}
}

func TestNewBucket_InvalidArgs(t *testing.T) {
	for want, args := range map[string]BucketArgs{
		"NoncurrentDays: 0 must be at least 1":                          {ExpireDays: 5},
		"ExpireDays: -1 must be at least 1":                             {NoncurrentDays: 3, ExpireDays: -1},
		`Origins: "*" must be scheme, host and port`:                    {NoncurrentDays: 3, Origins: []string{"*"}},
		`Origins: "https://a.example" must be named once`:               {NoncurrentDays: 3, Origins: []string{"https://a.example", "https://a.example"}},
		"NoncurrentDays: -2 must be at least 1\nExpireDays: -1 must be": {NoncurrentDays: -2, ExpireDays: -1},
	} {
		recorded, made, err := deploy(t, args)
		require.ErrorContains(t, err, "bucket images: "+want)
		assert.Nil(t, made)
		assert.Empty(t, recorded.All(), "nothing is registered")
	}
}

func TestNewBucket_PagesOfTheOriginsOnly(t *testing.T) {
	recorded, _, err := deploy(t, BucketArgs{NoncurrentDays: 30})
	require.NoError(t, err)
	assert.Empty(t, recorded.OfType(cors))
	recorded, _, err = deploy(t, BucketArgs{NoncurrentDays: 30, Origins: []string{"https://example.com", "http://localhost:3000"}})
	require.NoError(t, err)
	assert.Equal(t, []any{map[string]any{
		"allowedOrigins": []any{"https://example.com", "http://localhost:3000"}, "allowedMethods": []any{"GET", "HEAD", "POST", "PUT"},
		"allowedHeaders": []any{"*"}, "exposeHeaders": []any{"ETag"}, "maxAgeSeconds": 3600.0,
	}}, only(t, recorded, cors).Inputs["corsRules"].Mappable())
}

func TestIsOrigin(t *testing.T) {
	for _, origin := range []string{"https://example.com", "https://example.com:8443", "http://localhost:3000", "http://localhost"} {
		assert.True(t, IsOrigin(origin), origin)
	}
	for _, text := range []string{
		"", "*", "https://*", "https://*.example.com", "example.com", "http://example.com", "https://example.com/", "https://a@example.com",
		"https://example.com:0", "https://example.com:70000", "https://example.com:", "ftp://example.com", "https://exa mple.com", "https://example.com?x",
	} {
		assert.False(t, IsOrigin(text), text)
	}
}

// Nobody but the users reads or writes, whatever IAM allows; settings and names stay to IAM.
func TestNewBucket_Users(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewBucket(ctx, "images", &BucketArgs{NoncurrentDays: 30, Users: []string{"arn:aws:iam::000000000000:user/one", "arn:aws:iam::000000000000:role/*/two"}})
		return err
	}, pulumi.WithMocks("project", "stack", recorded)))
	name := only(t, recorded, bucketV2).ID
	require.NoError(t, cloud.PutObject(name, "photo", []byte("x")))
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	for arn, may := range map[string]bool{
		"arn:aws:iam::000000000000:user/one": true, "arn:aws:iam::000000000000:role/team/two": true,
		"arn:aws:iam::000000000000:user/three": false, "arn:aws:iam::000000000000:root": false,
	} {
		session, err := cloud.Principal(arn, everything)
		require.NoError(t, err)
		_, err = session.GetObject(name, "photo")
		assert.Equal(t, may, err == nil, "%s reads: %v", arn, err)
		err = session.PutObject(name, "photo", nil)
		assert.Equal(t, may, err == nil, "%s writes: %v", arn, err)
		_, err = session.ListObjects(name, "")
		assert.NoError(t, err, arn)
	}
	_, err := cloud.Anonymous(name, "photo")
	require.Error(t, err)
	require.ErrorContains(t, (&BucketArgs{NoncurrentDays: 1, Users: []string{"arn"}, PublicKeys: []string{"a"}}).Validate(), `Users: ["arn"] must be empty with PublicKeys`)
}

func TestNewBucket_Key(t *testing.T) {
	recorded, _, err := deploy(t, BucketArgs{NoncurrentDays: 30, KeyARN: pulumi.String("arn:aws:kms:ap-northeast-2:000000000000:key/k")})
	require.NoError(t, err)
	assert.Equal(t, []any{map[string]any{
		"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:ap-northeast-2:000000000000:key/k"},
		"bucketKeyEnabled":                   true,
	}}, only(t, recorded, encryption).Inputs["rules"].Mappable())
}
