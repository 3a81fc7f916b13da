package awssim

import "time"

const bucketLifecycleToken = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"

var storageClass = property{kind: text, required: true, oneOf: []string{
	"GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR",
}}

var days = property{kind: whole, valid: within(1, 1<<31-1)}

var bucketLifecycleType = seenOf(55*time.Second, "create and update wait 10 s, then for ten equal answers, 5 s apart", settingType(bucketLifecycleToken, "S3 Bucket Lifecycle Configuration", "PutBucketLifecycleConfiguration",
	"internal/service/s3/bucket_lifecycle_configuration.go", properties{
		"transitionDefaultMinimumObjectSize": {kind: text, computed: true, oneOf: []string{"all_storage_classes_128K", "varies_by_storage_class"}},
		"rules": {kind: blocks, required: true, key: "id", fields: properties{
			"abortIncompleteMultipartUpload": {kind: block, fields: properties{"daysAfterInitiation": days}},
			"expiration": {kind: block, fields: properties{
				"days": days, "expiredObjectDeleteMarker": {kind: flag, computed: true},
			}},
			"filter": {kind: block, fields: properties{
				"prefix": {kind: text}, "objectSizeGreaterThan": {kind: whole}, "objectSizeLessThan": {kind: whole},
			}},
			"id": {kind: text, required: true},
			"noncurrentVersionExpiration": {kind: block, fields: properties{
				"newerNoncurrentVersions": days, "noncurrentDays": required(days),
			}},
			"noncurrentVersionTransitions": {kind: blocks, fields: properties{
				"newerNoncurrentVersions": days, "noncurrentDays": required(days), "storageClass": storageClass,
			}},
			"status":      {kind: text, required: true, oneOf: []string{"Enabled", "Disabled"}},
			"transitions": {kind: blocks, fields: properties{"days": {kind: whole, valid: within(0, 1<<31-1)}, "storageClass": storageClass}},
		}},
	}, []string{"expectedBucketOwner", "timeouts"}, checkLifecycle))

// seenOf adds observations of the real provider to a type.
func seenOf(wait time.Duration, seen string, rt *resourceType) *resourceType {
	rt.wait, rt.seen = wait, seen
	return rt
}

func required(p property) property {
	p.required = true
	return p
}

func checkLifecycle(t *call, _ *bucket) error {
	const operation = "PutBucketLifecycleConfiguration"
	seen := map[string]bool{}
	for _, rule := range t.in.blocks("rules") {
		id := rule.text("id")
		if seen[id] {
			return refuseS3(operation, "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule (%s)", id)
		}
		seen[id] = true
		if err := checkLifecycleActions(rule); err != nil {
			return refuseS3(operation, "MalformedXML", "rule %s: %s", id, err)
		}
	}
	return nil
}

func checkLifecycleActions(rule values) error {
	for _, action := range []string{
		"abortIncompleteMultipartUpload", "expiration", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "transitions",
	} {
		if !zero(rule[action]) {
			return nil
		}
	}
	return wording("At least one action needs to be specified in a rule")
}
