package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func webACLOf(limit int) values {
	visibility := values{"cloudwatchMetricsEnabled": true, "metricName": "web", "sampledRequestsEnabled": true}
	return values{
		"name": "web", "scope": "REGIONAL", "defaultAction": values{"allow": values{}}, "visibilityConfig": visibility,
		"rules": []any{values{
			"name": "rate", "priority": 0, "action": values{"block": values{}}, "visibilityConfig": visibility,
			"statement": values{"rateBasedStatement": values{"limit": limit, "aggregateKeyType": "IP"}},
		}},
	}
}

func TestWebACL_ProtectsALoadBalancer(t *testing.T) {
	w, s, _ := newSite(t)
	_, err := w.try(webACLToken, "few", webACLOf(9))
	assert.ErrorContains(t, err, "limit")
	id := w.make(webACLToken, "web", webACLOf(2000))
	_, err = w.try(webACLToken, "again", webACLOf(2000))
	assert.ErrorContains(t, err, "WAFDuplicateItemException")
	acl := w.read(webACLToken, id).text("arn")
	_, err = w.try(webACLAssociationToken, "group", values{"resourceArn": s.targets, "webAclArn": acl})
	assert.ErrorContains(t, err, "WAFNonexistentItemException")
	association := w.make(webACLAssociationToken, "web", values{"resourceArn": s.balancer, "webAclArn": acl})
	assert.ErrorContains(t, w.remove(webACLToken, id), "WAFAssociatedItemException")
	require.NoError(t, w.remove(webACLAssociationToken, association))
	assert.NoError(t, w.remove(webACLToken, id))
}

func TestAccessLogs_NeedABucketThatAWSMayWriteTo(t *testing.T) {
	w, s, _ := newSite(t)
	logs := w.make(bucketToken, "logs", values{"bucket": "logs"})
	logged := func(bucket string) error {
		in := w.read(loadBalancerToken, s.balancer)
		return w.change(loadBalancerToken, s.balancer, values{
			"name": "web", "subnets": in["subnets"], "securityGroups": in["securityGroups"], "accessLogs": values{"bucket": bucket, "enabled": true},
		})
	}
	assert.ErrorContains(t, logged("none"), "does not exist")
	assert.ErrorContains(t, logged(logs), "Access Denied for bucket: logs")
	w.make(bucketPolicyToken, "logs", values{"bucket": logs, "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/AWSLogs/*"}]}`})
	assert.NoError(t, logged(logs))
}
