package loadbalancer

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Tokens of AWS WAF. The types of its Go SDK have 200,000 lines, which would double the time of a build.
const (
	webACLToken            = "aws:wafv2/webAcl:WebAcl"
	webACLAssociationToken = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

// webACL is a web ACL with the output that is used here.
type webACL struct {
	pulumi.CustomResourceState
	ARN pulumi.StringOutput `pulumi:"arn"`
}

// limit blocks addresses that send too many requests.
func (b *builder) limit() error {
	if b.args.MaxRequests == 0 {
		return nil
	}
	metrics := func(name string) pulumi.Map {
		return pulumi.Map{"cloudwatchMetricsEnabled": pulumi.Bool(true), "metricName": pulumi.String(name), "sampledRequestsEnabled": pulumi.Bool(true)}
	}
	acl := &webACL{}
	if err := b.ctx.RegisterResource(webACLToken, b.name, pulumi.Map{
		"scope": pulumi.String("REGIONAL"), "defaultAction": pulumi.Map{"allow": pulumi.Map{}}, "visibilityConfig": metrics(b.name),
		"rules": pulumi.Array{pulumi.Map{
			"name": pulumi.String("rate"), "priority": pulumi.Int(0), "action": pulumi.Map{"block": pulumi.Map{}},
			"statement": pulumi.Map{"rateBasedStatement": pulumi.Map{
				"limit": pulumi.Int(b.args.MaxRequests), "aggregateKeyType": pulumi.String("IP"), "evaluationWindowSec": pulumi.Int(300),
			}},
			"visibilityConfig": metrics(b.name + "-rate"),
		}},
	}, acl, b.parent.(pulumi.ResourceOption)); err != nil {
		return err
	}
	return b.ctx.RegisterResource(webACLAssociationToken, b.name, pulumi.Map{
		"resourceArn": b.balancer.Arn, "webAclArn": acl.ARN,
	}, &pulumi.CustomResourceState{}, b.parent.(pulumi.ResourceOption))
}
