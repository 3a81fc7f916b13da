package awssim

import (
	"crypto/md5"
	"encoding/hex"
)

const bucketObjectToken = "aws:s3/bucketObjectv2:BucketObjectv2"

// bucketObject is an object that a program writes.
type bucketObject struct {
	bucket *bucket
	in     values
}

var bucketObjectType = define(resourceType{
	token: bucketObjectToken, title: "S3 Object",
	source: "internal/service/s3/object.go",
	inputs: properties{
		"bucket":      {kind: text, required: true, replaces: true},
		"content":     {kind: text},
		"contentType": {kind: text, computed: true},
		"key":         {kind: text, required: true, replaces: true},
	},
	outputs: []string{
		"acl", "arn", "bucketKeyEnabled", "checksumCrc32", "checksumCrc32c", "checksumCrc64nvme", "checksumSha1", "checksumSha256", "etag",
		"kmsKeyId", "serverSideEncryption", "storageClass", "versionId",
	},
	refused: []string{
		"acl", "bucketKeyEnabled", "cacheControl", "checksumAlgorithm", "contentBase64", "contentDisposition", "contentEncoding", "contentLanguage",
		"etag", "forceDestroy", "kmsKeyId", "metadata", "objectLockLegalHoldStatus", "objectLockMode", "objectLockRetainUntilDate",
		"overrideProvider", "serverSideEncryption", "source", "sourceHash", "storageClass", "websiteRedirect",
	},
	tagged: true,
}, createBucketObject, updateBucketObject, deleteBucketObject)

func createBucketObject(t *call) (string, *bucketObject, error) {
	b := t.c.buckets[t.in.text("bucket")]
	if b == nil {
		return "", nil, noBucket("PutObject", t.in.text("bucket"))
	}
	o := &bucketObject{bucket: b, in: t.in}
	return t.in.text("key"), o, o.put(t)
}

func (o *bucketObject) put(t *call) error {
	o.in = t.in
	return t.c.putObject(o.bucket.name, t.in.text("key"), []byte(t.in.text("content")))
}

func updateBucketObject(t *call, o *bucketObject) error { return o.put(t) }

// deleteBucketObject deletes all versions, as the provider does.
func deleteBucketObject(_ *call, o *bucketObject) error {
	delete(o.bucket.objects, o.in.text("key"))
	return nil
}

func (o *bucketObject) attributes(*Cloud) values {
	sum := md5.Sum([]byte(o.in.text("content"))) //nolint:gosec // S3's own checksum
	contentType := o.in.text("contentType")
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	return values{
		"bucket": o.bucket.name, "key": o.in.text("key"), "content": o.in.text("content"), "contentType": contentType,
		"arn": objectARN(o.bucket.name, o.in.text("key")), "etag": hex.EncodeToString(sum[:]), "acl": "", "bucketKeyEnabled": false,
		"checksumCrc32": "", "checksumCrc32c": "", "checksumCrc64nvme": "", "checksumSha1": "", "checksumSha256": "", "kmsKeyId": "",
		"serverSideEncryption": "AES256", "storageClass": "STANDARD", "versionId": "",
	}
}
