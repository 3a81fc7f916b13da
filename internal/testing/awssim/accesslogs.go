package awssim

import "slices"

// logDelivery is the principal that writes the access logs of load balancers.
const logDelivery = "logdelivery.elasticloadbalancing.amazonaws.com"

// checkAccessLogs refuses a bucket that does not exist, or that AWS may not write to: it tries when logs are switched on.
func (t *call) checkAccessLogs() error {
	const operation = "ModifyLoadBalancerAttributes"
	logs := t.in.block("accessLogs")
	if !logs.flag("enabled") {
		return nil
	}
	b := t.c.buckets[logs.text("bucket")]
	if b == nil {
		return refuseELB(operation, "InvalidConfigurationRequest", "The bucket '%s' does not exist", logs.text("bucket"))
	}
	object := "arn:aws:s3:::" + b.name + "/AWSLogs/" + t.c.options.AccountID + "/ELBAccessLogTestFile"
	if prefix := logs.text("prefix"); prefix != "" {
		object = "arn:aws:s3:::" + b.name + "/" + prefix + "/AWSLogs/" + t.c.options.AccountID + "/ELBAccessLogTestFile"
	}
	allowed := false
	if setting := b.settings[bucketPolicyToken]; setting != nil {
		p, err := parsePolicy(setting.in.text("policy"))
		if err != nil {
			return err
		}
		for _, s := range p.Statement {
			allowed = allowed || s.Effect == "Allow" && slices.Contains(s.principals()["Service"], logDelivery) &&
				anyWildcard("s3:PutObject", s.Action) && anyWildcard(object, s.Resource)
		}
	}
	if !allowed {
		return refuseELB(operation, "InvalidConfigurationRequest", "Access Denied for bucket: %s. Please check S3bucket permission", b.name)
	}
	return nil
}
