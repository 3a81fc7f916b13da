package awssim

import (
	"slices"
	"strings"
)

const bucketPolicyToken = "aws:s3/bucketPolicy:BucketPolicy"

var bucketPolicyType = settingType(bucketPolicyToken, "S3 Bucket Policy", "PutBucketPolicy",
	"internal/service/s3/bucket_policy.go", properties{"policy": {kind: document, required: true}}, nil, checkBucketPolicy)

// checkBucketPolicy refuses, as S3 does: another bucket's resources, principals that do not exist, and a public
// policy where the public access block forbids one.
func checkBucketPolicy(t *call, b *bucket) error {
	const operation = "PutBucketPolicy"
	p, err := parsePolicy(t.in.text("policy"))
	if err != nil {
		return refuseS3(operation, "MalformedPolicy", "%s", err)
	}
	for _, s := range p.Statement {
		if s.Principal == nil && s.NotPrincipal == nil {
			return refuseS3(operation, "MalformedPolicy", "Missing required field Principal")
		}
		if len(s.Resource)+len(s.NotResource) == 0 {
			return refuseS3(operation, "MalformedPolicy", "Missing required field Resource")
		}
		if err := s.modeled(); err != nil {
			return refuseS3(operation, "MalformedPolicy", "%s", err)
		}
		for _, r := range s.Resource {
			if arn := "arn:aws:s3:::" + b.name; r != arn && !strings.HasPrefix(r, arn+"/") {
				return refuseS3(operation, "MalformedPolicy", "Policy has invalid resource: %s is not of bucket %s", r, b.name)
			}
		}
		for _, principal := range s.principals()["AWS"] {
			if !t.c.principalExists(principal) {
				return refuseS3(operation, "MalformedPolicy", "Invalid principal in policy: %s", principal)
			}
		}
	}
	if block := b.settings[bucketPublicAccessBlockToken]; block != nil && block.in.flag("blockPublicPolicy") && p.public() {
		return refuseS3(operation, "AccessDenied", "public policies are blocked by the BlockPublicPolicy block public access setting.")
	}
	return nil
}

// principalExists is true for this account, everyone, and the account's roles.
func (c *Cloud) principalExists(principal string) bool {
	root := c.globalARN("iam", "root")
	if principal == "*" || principal == c.options.AccountID || principal == root {
		return true
	}
	for _, r := range c.roles {
		if r.arn(c) == principal {
			return true
		}
	}
	return false
}

// public reports whether the policy allows everyone.
func (p *policy) public() bool {
	for _, s := range p.Statement {
		named := append(append([]string{}, s.principals()["*"]...), s.principals()["AWS"]...)
		if s.Effect == "Allow" && len(s.Condition) == 0 && slices.Contains(named, "*") {
			return true
		}
	}
	return false
}
