package awssim

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

const bucketToken = "aws:s3/bucketV2:BucketV2"

// bucket is an S3 bucket with the settings that resources of their own make.
type bucket struct {
	name       string
	objectLock bool
	// objects are the versions that are kept of each, the current one last.
	objects map[string][]objectVersion
	// settings are the bucket's separate configurations, by type token: at most one of each.
	settings map[string]*bucketSetting
}

// objectVersion is a content with the key of KMS that encrypts it; empty for S3's own.
type objectVersion struct {
	content []byte
	key     string
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

var bucketType = define(resourceType{
	token: bucketToken, title: "S3 Bucket",
	source: "internal/service/s3/bucket.go",
	inputs: properties{
		"bucket":            {kind: text, replaces: true, computed: true, valid: validBucketName},
		"forceDestroy":      {kind: flag, fallback: false},
		"objectLockEnabled": {kind: flag, replaces: true, computed: true},
	},
	outputs: []string{
		"accelerationStatus", "acl", "arn", "bucketDomainName", "bucketPrefix", "bucketRegionalDomainName", "grants", "hostedZoneId",
		"lifecycleRules", "loggings", "policy", "region", "replicationConfigurations", "requestPayer",
		"serverSideEncryptionConfigurations", "versionings", "websiteDomain", "websiteEndpoint",
	},
	// All but bucketPrefix are deprecated for resources of their own.
	refused: []string{
		"accelerationStatus", "acl", "bucketPrefix", "corsRules", "grants", "lifecycleRules", "loggings",
		"objectLockConfiguration", "policy", "replicationConfigurations", "requestPayer",
		"serverSideEncryptionConfigurations", "versionings", "websites",
	},
	tagged:    true,
	autoname:  "bucket",
	autonamed: strings.ToLower,
}, createBucket, updateBucket, deleteBucket)

// validBucketName follows https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
func validBucketName(value any) error {
	s := value.(string)
	_, err := netip.ParseAddr(s)
	if !bucketName.MatchString(s) || strings.Contains(s, "..") || err == nil || strings.HasPrefix(s, "xn--") || strings.HasSuffix(s, "-s3alias") {
		return fmt.Errorf("%q is not a valid bucket name: 3 to 63 lower-case letters, digits, dots and hyphens", s)
	}
	return nil
}

func createBucket(t *call) (string, *bucket, error) {
	name := t.in.text("bucket")
	if t.c.buckets[name] != nil {
		return "", nil, refuseS3("CreateBucket", "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it. (%s)", name)
	}
	b := &bucket{
		name: name, objectLock: t.in.flag("objectLockEnabled"),
		objects: map[string][]objectVersion{}, settings: map[string]*bucketSetting{},
	}
	t.c.buckets[name] = b
	return name, b, nil
}

func updateBucket(*call, *bucket) error { return nil } // forceDestroy is the provider's own

func deleteBucket(t *call, b *bucket) error {
	if t.in.flag("forceDestroy") {
		clear(b.objects)
	}
	if len(b.objects) > 0 {
		return refuseS3("DeleteBucket", "BucketNotEmpty", "The bucket you tried to delete is not empty (%s has %d objects)", b.name, len(b.objects))
	}
	for token := range b.settings {
		t.c.forget(token, b.name)
	}
	delete(t.c.buckets, b.name)
	return nil
}

func (b *bucket) attributes(c *Cloud) values {
	region := c.options.Region
	return values{
		"arn": "arn:aws:s3:::" + b.name, "bucket": b.name, "region": region, "objectLockEnabled": b.objectLock,
		"bucketDomainName": b.name + ".s3.amazonaws.com", "bucketRegionalDomainName": b.name + ".s3." + region + ".amazonaws.com",
		"hostedZoneId": "Z3W03O7B5YMIYP", "bucketPrefix": "", "accelerationStatus": "", "acl": "", "policy": b.text(bucketPolicyToken, "policy"),
		"requestPayer": "BucketOwner", "websiteDomain": "", "websiteEndpoint": "", "grants": []any{}, "loggings": []any{},
		"lifecycleRules": []any{}, "replicationConfigurations": []any{}, "serverSideEncryptionConfigurations": []any{}, "versionings": []any{},
	}
}

// text is a property of one of the bucket's settings, or empty.
func (b *bucket) text(token, property string) string {
	if s := b.settings[token]; s != nil {
		return s.in.text(property)
	}
	return ""
}

// PutObject stores an object, as software that uses the bucket does from elsewhere.
func (c *Cloud) PutObject(bucketName, key string, content []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.putObject(bucketName, key, content)
}

func (c *Cloud) putObject(bucketName, key string, content []byte) error {
	b := c.buckets[bucketName]
	if b == nil {
		return noBucket("PutObject", bucketName)
	}
	versions := b.objects[key]
	if !b.versioned() {
		versions = nil
	}
	b.objects[key] = append(versions, objectVersion{slices.Clone(content), b.kmsKey()})
	return nil
}

// GetObject reads an object back.
func (c *Cloud) GetObject(bucketName, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.getObject(bucketName, key)
}

func (c *Cloud) getObject(bucketName, key string) ([]byte, error) {
	b := c.buckets[bucketName]
	if b == nil {
		return nil, noBucket("GetObject", bucketName)
	}
	versions := b.objects[key]
	if len(versions) == 0 {
		return nil, refuseS3("GetObject", "NoSuchKey", "The specified key does not exist. (%s in %s)", key, bucketName)
	}
	return slices.Clone(versions[len(versions)-1].content), nil
}

// ListObjects are the keys that begin with the prefix, in order.
func (c *Cloud) ListObjects(bucketName, prefix string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listObjects(bucketName, prefix)
}

func (c *Cloud) listObjects(bucketName, prefix string) ([]string, error) {
	b := c.buckets[bucketName]
	if b == nil {
		return nil, noBucket("ListObjectsV2", bucketName)
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.objects)), func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

// ObjectVersions counts how many versions of an object the bucket keeps; 0 when there is none.
func (c *Cloud) ObjectVersions(bucketName, key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.buckets[bucketName]
	if b == nil {
		return 0
	}
	return len(b.objects[key])
}

// kmsKey names the key of new objects; empty for S3's own.
func (b *bucket) kmsKey() string {
	s := b.settings[bucketEncryptionToken]
	if s == nil {
		return ""
	}
	for _, rule := range s.in.blocks("rules") {
		if byDefault := rule.block("applyServerSideEncryptionByDefault"); byDefault.text("sseAlgorithm") != "AES256" {
			return byDefault.text("kmsMasterKeyId")
		}
	}
	return ""
}

// encryptionContext is the condition key of S3's requests to KMS: a bucket key is that of the whole bucket.
func (b *bucket) encryptionContext(key string) map[string]string {
	arn := objectARN(b.name, key)
	if s := b.settings[bucketEncryptionToken]; s != nil && slices.ContainsFunc(s.in.blocks("rules"), func(rule values) bool { return rule.flag("bucketKeyEnabled") }) {
		arn = "arn:aws:s3:::" + b.name
	}
	return map[string]string{"kms:EncryptionContext:aws:s3:arn": arn}
}

func (b *bucket) versioned() bool {
	s := b.settings[bucketVersioningToken]
	return s != nil && s.in.block("versioningConfiguration").text("status") == "Enabled"
}

func noBucket(operation, name string) error {
	return refuseS3(operation, "NoSuchBucket", "The specified bucket does not exist (%s)", name)
}
