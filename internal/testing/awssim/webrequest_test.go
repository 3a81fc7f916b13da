package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const siteHost = "api.example.com"

// site is a load balancer with a certificate and one rule for a target on port 30080.
type site struct{ group, balancer, http, https, targets, certificate, zone string }

// site makes a load balancer in front of an instance, with every type that belongs to one.
func (w *world) site(instance string) site {
	w.Helper()
	s := site{group: w.make(securityGroupToken, "web", values{"vpcId": w.vpc, "name": "web"})}
	w.make(egressRuleToken, "web", values{"securityGroupId": s.group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
	for _, port := range []int{80, 443} {
		w.make(ingressRuleToken, "web", values{"securityGroupId": s.group, "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": "0.0.0.0/0"})
	}
	second := w.make(subnetToken, "second", values{"vpcId": w.vpc, "cidrBlock": "10.0.32.0/20", "availabilityZone": "ap-northeast-2b"})
	w.make(routeTableAssociationToken, "second", values{"subnetId": second, "routeTableId": w.table})
	s.balancer = w.make(loadBalancerToken, "web", values{"subnets": []any{w.public, second}, "securityGroups": []any{s.group}, "name": "web"})
	s.targets = w.make(targetGroupToken, "api", values{
		"port": 30080, "protocol": "HTTP", "vpcId": w.vpc, "name": "api", "healthCheck": values{"path": "/ready"},
	})
	w.make(targetGroupAttachmentToken, "api", values{"targetGroupArn": s.targets, "targetId": instance})
	for _, z := range w.c.zonesByID {
		s.zone = z.id
	}
	s.certificate = w.make(certificateToken, "web", values{
		"domainName": siteHost, "subjectAlternativeNames": []any{siteHost}, "validationMethod": "DNS",
	})
	proof := w.read(certificateToken, s.certificate).blocks("domainValidationOptions")[0]
	w.make(dnsRecordToken, "proof", values{
		"zoneId": s.zone, "name": proof.text("resourceRecordName"), "type": proof.text("resourceRecordType"), "ttl": 60,
		"records": []any{proof.text("resourceRecordValue")},
	})
	w.make(certificateValidationToken, "web", values{"certificateArn": s.certificate})
	w.make(dnsRecordToken, "api", values{"zoneId": s.zone, "name": siteHost, "type": "A", "aliases": []any{values{
		"name": w.read(loadBalancerToken, s.balancer).text("dnsName"), "zoneId": loadBalancerZone, "evaluateTargetHealth": true,
	}}})
	s.http = w.make(listenerToken, "http", values{"loadBalancerArn": s.balancer, "port": 80, "protocol": "HTTP", "defaultActions": []any{values{
		"type": "redirect", "redirect": values{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"},
	}}})
	s.https = w.make(listenerToken, "https", values{
		"loadBalancerArn": s.balancer, "port": 443, "protocol": "HTTPS", "certificateArn": s.certificate,
		"defaultActions": []any{notFound},
	})
	w.make(listenerRuleToken, "api", values{"listenerArn": s.https, "priority": 10, "actions": []any{forwardTo(s.targets)}, "conditions": []any{
		values{"hostHeader": values{"values": []any{siteHost}}}, values{"pathPattern": values{"values": []any{"/v1", "/v1/*"}}},
		values{"sourceIp": values{"values": []any{"192.0.2.0/24"}}},
	}})
	return s
}

var notFound = values{"type": "fixed-response", "fixedResponse": values{"contentType": "text/plain", "statusCode": "404"}}

func forwardTo(group string) values { return values{"type": "forward", "targetGroupArn": group} }

// newSite builds the site in front of one instance that lets the load balancer in.
func newSite(t *testing.T) (*world, site, string) {
	w := build(t, Options{HostedZones: []string{"example.com"}, AdminIP: "203.0.113.9"})
	i := w.machine("api-1", nil)
	s := w.site(i)
	w.make(ingressRuleToken, "node", values{
		"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 30080, "toPort": 30080, "referencedSecurityGroupId": s.group,
	})
	return w, s, i
}

func (w *world) get(from Endpoint, url string) WebAnswer {
	w.Helper()
	answer, err := w.c.Request(WebRequest{From: from, URL: url})
	require.NoError(w, err)
	return answer
}

func TestRequest_Rules(t *testing.T) {
	w, s, _ := newSite(t)
	served := WebAnswer{Targets: []WebTarget{{"api-1", 30080}}}
	assert.Equal(t, served, w.get(Internet, "https://"+siteHost+"/v1/items"))
	assert.Equal(t, served, w.get(Internet, "https://"+siteHost+"/v1"))
	for name, url := range map[string]string{"another path": "/v10", "case of the path": "/V1"} {
		assert.Equal(t, WebAnswer{Status: 404}, w.get(Internet, "https://"+siteHost+url), name)
	}
	assert.Equal(t, WebAnswer{Status: 404}, w.get(Admin, "https://"+siteHost+"/v1"), "an address that the rule does not name")
	assert.Equal(t, WebAnswer{Status: 301, Location: "https://" + siteHost + "/v1"}, w.get(Internet, "http://"+siteHost+"/v1"))
	_, err := w.c.Request(WebRequest{From: Internet, URL: "https://" + w.read(loadBalancerToken, s.balancer).text("dnsName") + "/v1"})
	assert.ErrorContains(t, err, "certificate is valid for "+siteHost)
	_, err = w.c.Request(WebRequest{From: Internet, URL: "https://www.example.com/"})
	assert.ErrorContains(t, err, "no such host")
}

func TestRequest_Targets(t *testing.T) {
	w, s, i := newSite(t)
	second := w.machine("api-2", nil)
	w.make(targetGroupAttachmentToken, "second", values{"targetGroupArn": s.targets, "targetId": second})
	url := "https://" + siteHost + "/v1"
	assert.Equal(t, []WebTarget{{"api-1", 30080}, {"api-2", 30080}}, w.get(Internet, url).Targets)
	require.NoError(t, w.remove(instanceToken, i))
	assert.Equal(t, WebAnswer{Targets: []WebTarget{{"api-2", 30080}}, Lost: []string{i}}, w.get(Internet, url))
	for _, r := range w.c.Resources() {
		if r.Type == ingressRuleToken && r.Name == "node" {
			require.NoError(t, w.remove(ingressRuleToken, r.ID))
		}
	}
	assert.Equal(t, 504, w.get(Internet, url).Status, "the security group lets no request in")
	for _, r := range w.c.Resources() {
		if r.Type == targetGroupAttachmentToken {
			require.NoError(t, w.remove(targetGroupAttachmentToken, r.ID))
		}
	}
	assert.Equal(t, WebAnswer{Status: 503}, w.get(Internet, url), "no target")
}

func TestReach_LoadBalancer(t *testing.T) {
	w, _, _ := newSite(t)
	assert.NoError(t, w.c.Reach(Internet, "web", "tcp", 443))
	assert.Error(t, w.c.Reach(Internet, "web", "tcp", 22))
	assert.NoError(t, w.c.Reach("web", "api-1", "tcp", 30080))
	assert.Error(t, w.c.Reach(Internet, "api-1", "tcp", 30080))
	assert.Equal(t, []string{"web"}, names(w.c.LoadBalancers()))
}

func names(m map[string]string) (list []string) {
	for name := range m {
		list = append(list, name)
	}
	return list
}

func TestLoadBalancer_Refused(t *testing.T) {
	w, s, i := newSite(t)
	listen := func(in values) values {
		all := values{"loadBalancerArn": s.balancer, "port": 8443, "protocol": "HTTPS", "certificateArn": s.certificate, "defaultActions": []any{notFound}}
		for key, value := range in {
			if all[key] = value; value == nil {
				delete(all, key)
			}
		}
		return all
	}
	rule := func(priority int, paths ...any) values {
		return values{"listenerArn": s.https, "priority": priority, "actions": []any{forwardTo(s.targets)}, "conditions": []any{
			values{"pathPattern": values{"values": paths}},
		}}
	}
	unproven := w.make(certificateToken, "unproven", values{"domainName": "b.example.com", "validationMethod": "DNS"})
	other := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
	elsewhere := w.make(targetGroupToken, "elsewhere", values{"port": 1, "protocol": "HTTP", "vpcId": other, "name": "elsewhere"})
	gone := w.machine("gone", nil)
	require.NoError(t, w.remove(instanceToken, gone))
	for _, a := range []struct {
		name, token   string
		in            values
		code, message string
	}{
		{"one zone", loadBalancerToken, values{"subnets": []any{w.public}}, "ValidationError", "two different Availability Zones"},
		{"no subnet", loadBalancerToken, values{"subnets": []any{"subnet-nope", w.public}}, "SubnetNotFound", "subnet-nope"},
		{"name in use", loadBalancerToken, values{"subnets": []any{w.public, w.private}, "name": "web"}, "DuplicateLoadBalancerName", "web"},
		{"no group", loadBalancerToken, values{"subnets": []any{w.public, w.private}, "securityGroups": []any{"sg-nope"}}, "InvalidSecurityGroup", "sg-nope"},
		{"port in use", listenerToken, listen(values{"port": 443}), "DuplicateListener", "port"},
		{"HTTPS without a certificate", listenerToken, listen(values{"certificateArn": nil}), "ValidationError", "certificate must be specified"},
		{"HTTP with a certificate", listenerToken, listen(values{"protocol": "HTTP"}), "InvalidConfigurationRequest", "HTTP listeners"},
		{"unproven certificate", listenerToken, listen(values{"certificateArn": unproven}), "UnsupportedCertificate", "fully-qualified"},
		{"unknown policy", listenerToken, listen(values{"sslPolicy": "TLS-9"}), "SSLPolicyNotFound", "TLS-9"},
		{"priority in use", listenerRuleToken, rule(10, "/x"), "PriorityInUse", "10"},
		{"six values", listenerRuleToken, rule(11, "/a", "/b", "/c", "/d", "/e", "/f"), "ValidationError", "condition values"},
		{"no condition", listenerRuleToken, values{"listenerArn": s.https, "actions": []any{notFound}, "conditions": []any{}}, "ValidationError", "condition"},
		{"target group of another VPC", listenerToken, listen(values{"defaultActions": []any{forwardTo(elsewhere)}}), "InvalidConfigurationRequest", "another VPC"},
		{"group name in use", targetGroupToken, values{"port": 1, "protocol": "HTTP", "vpcId": w.vpc, "name": "api"}, "DuplicateTargetGroupName", "api"},
		{"terminated target", targetGroupAttachmentToken, values{"targetGroupArn": s.targets, "targetId": gone}, "InvalidTarget", "running state"},
		{"target of another VPC", targetGroupAttachmentToken, values{"targetGroupArn": elsewhere, "targetId": i}, "InvalidTarget", "target group VPC"},
		{"certificate without proof", certificateValidationToken, values{"certificateArn": unproven}, "Timeout", "b.example.com has no record"},
		{"no zone", dnsRecordToken, values{"zoneId": "Z0", "name": "x.example.com", "type": "A", "ttl": 60, "records": []any{"192.0.2.1"}}, "NoSuchHostedZone", "Z0"},
		{"name of another zone", dnsRecordToken, values{"zoneId": s.zone, "name": "x.example.org", "type": "A", "ttl": 60, "records": []any{"192.0.2.1"}}, "InvalidChangeBatch", "not permitted"},
		{"record exists", dnsRecordToken, values{"zoneId": s.zone, "name": siteHost, "type": "A", "ttl": 60, "records": []any{"192.0.2.1"}}, "InvalidChangeBatch", "already exists"},
		{"alias of nothing", dnsRecordToken, values{"zoneId": s.zone, "name": "y.example.com", "type": "A", "aliases": []any{values{
			"name": "nope.elb.amazonaws.com", "zoneId": loadBalancerZone, "evaluateTargetHealth": true,
		}}}, "InvalidChangeBatch", "target zone"},
	} {
		t.Run(a.name, func(t *testing.T) {
			_, err := w.try(a.token, "wrong", a.in)
			w.refused(err, a.code, a.message)
		})
	}
}

// A thing in use cannot be deleted.
func TestLoadBalancer_DeletionRefused(t *testing.T) {
	w, s, _ := newSite(t)
	w.refused(w.remove(targetGroupToken, s.targets), "ResourceInUse", "listener or a rule")
	w.refused(w.remove(certificateToken, s.certificate), "ResourceInUseException", "in use")
	w.refused(w.remove(securityGroupToken, s.group), "DependencyViolation", s.group)
	w.refused(w.remove(subnetToken, w.public), "DependencyViolation", w.public)
	w.refused(w.remove(internetGatewayToken, w.gateway), "DependencyViolation", "mapped public address")
	in := values{"name": "web", "enableDeletionProtection": true}
	require.NoError(t, w.change(loadBalancerToken, s.balancer, in))
	w.refused(w.remove(loadBalancerToken, s.balancer), "OperationNotPermitted", "deletion protection")
	in["enableDeletionProtection"] = false
	require.NoError(t, w.change(loadBalancerToken, s.balancer, in))
	require.NoError(t, w.remove(loadBalancerToken, s.balancer))
	assert.NoError(t, w.remove(targetGroupToken, s.targets), "listeners and rules go with their load balancer")
	assert.NoError(t, w.remove(certificateToken, s.certificate))
}
