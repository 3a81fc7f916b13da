package awssim

import (
	"slices"
	"strings"
)

const bucketCorsToken = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"

// maxCorsRules is the number of rules that S3 allows.
const maxCorsRules = 100

var bucketCorsType = settingType(bucketCorsToken, "S3 Bucket CORS Configuration", "PutBucketCors",
	"internal/service/s3/bucket_cors_configuration.go", properties{
		"corsRules": {kind: blocks, required: true, fields: properties{
			"allowedHeaders": {kind: textSet},
			"allowedMethods": {kind: textSet, required: true},
			"allowedOrigins": {kind: textSet, required: true},
			"exposeHeaders":  {kind: textSet},
			"id":             {kind: text},
			"maxAgeSeconds":  {kind: whole},
		}},
	}, []string{"expectedBucketOwner"}, checkCors)

var corsMethods = []string{"DELETE", "GET", "HEAD", "POST", "PUT"}

// checkCors refuses, as S3 does, methods that it does not serve and values with more than one wildcard.
func checkCors(t *call, _ *bucket) error {
	const operation = "PutBucketCors"
	rules := t.in.blocks("corsRules")
	if len(rules) > maxCorsRules {
		return refuseS3(operation, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	for _, rule := range rules {
		for _, method := range rule.texts("allowedMethods") {
			if !slices.Contains(corsMethods, method) {
				return refuseS3(operation, "InvalidRequest", "Found unsupported HTTP method in CORS config. Unsupported method is %s", method)
			}
		}
		for element, name := range map[string]string{"allowedOrigins": "AllowedOrigin", "allowedHeaders": "AllowedHeader"} {
			for _, value := range rule.texts(element) {
				if strings.Count(value, "*") > 1 {
					return refuseS3(operation, "InvalidRequest", `%s "%s" can not have more than one wildcard.`, name, value)
				}
			}
		}
		for _, header := range rule.texts("exposeHeaders") {
			if strings.Contains(header, "*") {
				return refuseS3(operation, "InvalidRequest", `ExposeHeader "%s" contains wildcard. We currently do not support wildcard for ExposeHeader.`, header)
			}
		}
	}
	return nil
}
