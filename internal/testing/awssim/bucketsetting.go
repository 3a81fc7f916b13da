package awssim

const (
	bucketPublicAccessBlockToken = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketEncryptionToken        = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	bucketVersioningToken        = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	bucketOwnershipToken         = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
)

// bucketSetting is one configuration of a bucket that Pulumi has a resource for. Its identifier is the bucket's name.
type bucketSetting struct {
	bucket *bucket
	token  string
	in     values
}

// settingType makes the type of a bucket's setting. The bucket replaces it, all else changes in place.
func settingType(token, title, operation, source string, inputs properties, refused []string,
	check func(t *call, b *bucket) error,
) *resourceType {
	inputs["bucket"] = property{kind: text, required: true, replaces: true}
	put := func(t *call, b *bucket) error {
		if check == nil {
			return nil
		}
		return check(t, b)
	}
	return define(resourceType{token: token, title: title, source: source, inputs: inputs, refused: refused},
		func(t *call) (string, *bucketSetting, error) {
			b := t.c.buckets[t.in.text("bucket")]
			if b == nil {
				return "", nil, refuseS3(operation, "NoSuchBucket", "The specified bucket does not exist (%s)", t.in.text("bucket"))
			}
			if b.settings[token] != nil {
				// S3 would overwrite it without a word, and two resources would fight over it.
				return "", nil, refuseS3(operation, "OperationAborted", "bucket %s already has this configuration; S3 would silently overwrite it", b.name)
			}
			if err := put(t, b); err != nil {
				return "", nil, err
			}
			s := &bucketSetting{bucket: b, token: token, in: t.in}
			b.settings[token] = s
			return b.name, s, nil
		},
		func(t *call, s *bucketSetting) error {
			if err := put(t, s.bucket); err != nil {
				return err
			}
			s.in = t.in
			return nil
		},
		func(_ *call, s *bucketSetting) error {
			delete(s.bucket.settings, token)
			return nil
		})
}

func (s *bucketSetting) attributes(*Cloud) values { return s.in }

var bucketPublicAccessBlockType = settingType(bucketPublicAccessBlockToken, "S3 Bucket Public Access Block", "PutPublicAccessBlock",
	"internal/service/s3/bucket_public_access_block.go", properties{
		"blockPublicAcls":       {kind: flag, fallback: false},
		"blockPublicPolicy":     {kind: flag, fallback: false},
		"ignorePublicAcls":      {kind: flag, fallback: false},
		"restrictPublicBuckets": {kind: flag, fallback: false},
	}, nil, nil)

var bucketEncryptionType = settingType(bucketEncryptionToken, "S3 Bucket Server-side Encryption Configuration", "PutBucketEncryption",
	"internal/service/s3/bucket_server_side_encryption_configuration.go", properties{
		"rules": {kind: blocks, required: true, fields: properties{
			"applyServerSideEncryptionByDefault": {kind: block, fields: properties{
				"kmsMasterKeyId": {kind: text},
				"sseAlgorithm":   {kind: text, required: true, oneOf: []string{"AES256", "aws:kms", "aws:kms:dsse"}},
			}},
			"bucketKeyEnabled": {kind: flag},
		}},
	}, []string{"expectedBucketOwner"}, nil)

var bucketVersioningType = settingType(bucketVersioningToken, "S3 Bucket Versioning", "PutBucketVersioning",
	"internal/service/s3/bucket_versioning.go", properties{
		"versioningConfiguration": {kind: block, required: true, fields: properties{
			"mfaDelete": {kind: text, computed: true, oneOf: []string{"Disabled"}},
			"status":    {kind: text, required: true, oneOf: []string{"Enabled", "Suspended", "Disabled"}},
		}},
	}, []string{"expectedBucketOwner", "mfa"}, nil)

var bucketOwnershipType = settingType(bucketOwnershipToken, "S3 Bucket Ownership Controls", "PutBucketOwnershipControls",
	"internal/service/s3/bucket_ownership_controls.go", properties{
		"rule": {kind: block, required: true, fields: properties{
			"objectOwnership": {kind: text, required: true, oneOf: []string{"BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"}},
		}},
	}, nil, nil)
