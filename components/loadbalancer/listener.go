package loadbalancer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tlsPolicy is the one that AWS recommends for HTTPS listeners, 2025-09: TLS 1.2 and 1.3, also with post-quantum key exchange.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

// listeners creates the listener that gets the rules and, with a Domain, the one that redirects to it.
func (b *builder) listeners() (*lb.Listener, error) {
	notFound := lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
		Type: pulumi.String("fixed-response"),
		FixedResponse: &lb.ListenerDefaultActionFixedResponseArgs{
			ContentType: pulumi.String("application/json"), MessageBody: pulumi.String(`{"detail":"Not Found"}`), StatusCode: pulumi.String("404"),
		},
	}}
	if b.args.Domain == "" {
		return lb.NewListener(b.ctx, b.name+"-http", &lb.ListenerArgs{
			LoadBalancerArn: b.balancer.Arn, Port: pulumi.Int(80), Protocol: pulumi.String("HTTP"), DefaultActions: notFound,
		}, b.parent)
	}
	zone, err := b.lookupZone()
	if err != nil {
		return nil, err
	}
	certificate, err := b.certificate(zone)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	b.certificateARN = certificate
	if _, err := lb.NewListener(b.ctx, b.name+"-http", &lb.ListenerArgs{
		LoadBalancerArn: b.balancer.Arn, Port: pulumi.Int(80), Protocol: pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: &lb.ListenerDefaultActionRedirectArgs{
				Protocol: pulumi.String("HTTPS"), Port: pulumi.String("443"), StatusCode: pulumi.String("HTTP_301"),
			},
		}},
	}, b.parent); err != nil {
		return nil, err
	}
	listener, err := lb.NewListener(b.ctx, b.name+"-https", &lb.ListenerArgs{
		LoadBalancerArn: b.balancer.Arn, Port: pulumi.Int(443), Protocol: pulumi.String("HTTPS"),
		SslPolicy: pulumi.String(tlsPolicy), CertificateArn: certificate, DefaultActions: notFound,
	}, b.parent)
	if err != nil {
		return nil, err
	}
	return listener, b.records(zone, listener)
}

// route creates the target group of a route, its targets and its rules.
func (b *builder) route(listener *lb.Listener, r Route) error {
	name := b.name + "-" + r.Name
	group, err := lb.NewTargetGroup(b.ctx, name, &lb.TargetGroupArgs{
		VpcId: b.args.VpcID.ToStringOutput().ToStringPtrOutput(), Port: pulumi.Int(r.NodePort), Protocol: pulumi.String("HTTP"),
		DeregistrationDelay: pulumi.Int(b.args.answerSeconds()),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			// A node is out after 20 s without an answer.
			Path: pulumi.String(r.HealthPath), Matcher: pulumi.String("200"), Interval: pulumi.Int(10), Timeout: pulumi.Int(5),
			HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(2),
		},
	}, b.parent)
	if err != nil {
		return err
	}
	for _, node := range slices.Sorted(maps.Keys(r.Targets)) {
		if _, err := lb.NewTargetGroupAttachment(b.ctx, name+"-"+node, &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: group.Arn, TargetId: r.Targets[node],
			// A replaced instance is removed here before it is terminated, so that its requests end first.
		}, b.parent, pulumi.DeleteBeforeReplace(true)); err != nil {
			return err
		}
	}
	for i, ranges := range r.ranges(b.args.Domain != "") {
		rule := name
		if i > 0 {
			rule += fmt.Sprintf("-%d", i)
		}
		if _, err := lb.NewListenerRule(b.ctx, rule, &lb.ListenerRuleArgs{
			ListenerArn: listener.Arn, Priority: pulumi.Int(r.priority(i)), Conditions: b.conditions(r, ranges),
			Actions: lb.ListenerRuleActionArray{&lb.ListenerRuleActionArgs{Type: pulumi.String("forward"), TargetGroupArn: group.Arn}},
		}, b.parent); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) conditions(r Route, ranges []string) lb.ListenerRuleConditionArray {
	var conditions lb.ListenerRuleConditionArray
	if b.args.Domain != "" {
		conditions = append(conditions, &lb.ListenerRuleConditionArgs{
			HostHeader: &lb.ListenerRuleConditionHostHeaderArgs{Values: pulumi.StringArray{pulumi.String(b.args.host(r))}},
		})
	}
	if paths := r.paths(); paths != nil {
		conditions = append(conditions, &lb.ListenerRuleConditionArgs{
			PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.ToStringArray(paths)},
		})
	}
	if ranges != nil {
		conditions = append(conditions, &lb.ListenerRuleConditionArgs{
			SourceIp: &lb.ListenerRuleConditionSourceIpArgs{Values: pulumi.ToStringArray(ranges)},
		})
	}
	return conditions
}
