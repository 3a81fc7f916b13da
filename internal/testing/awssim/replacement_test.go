package awssim

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDiff_Replacement holds which changes replace a resource, for each type, as ForceNew upstream.
func TestDiff_Replacement(t *testing.T) {
	rule := values{"securityGroupId": "g", "ipProtocol": "tcp", "fromPort": 1.0, "toPort": 2.0, "cidrIpv4": "10.0.0.0/8"}
	base := values{"ami": "a", "instanceType": "t3.small", "subnetId": "s", "userData": "x"}
	hashed := values{"ami": "a", "instanceType": "t3.small", "subnetId": "s", "userData": hashUserData("x")}
	for _, tt := range []struct {
		name     string
		rt       *resourceType
		old, new values
		changed  []string
		replaces bool
	}{
		{"nothing", vpcType, values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true}, values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true}, nil, false},
		{"vpc range", vpcType, values{"cidrBlock": "10.0.0.0/16"}, values{"cidrBlock": "10.1.0.0/16"}, []string{"cidrBlock"}, true},
		{"vpc host names", vpcType, values{"cidrBlock": "x"}, values{"cidrBlock": "x", "enableDnsHostnames": true}, []string{"enableDnsHostnames"}, false},
		{"vpc host names no longer given", vpcType, values{"cidrBlock": "x", "enableDnsHostnames": true}, values{"cidrBlock": "x"}, nil, false},
		{"vpc tag", vpcType, values{"tags": values{"a": "b"}}, values{"tags": values{"a": "c", "d": "e"}}, []string{"tags.a", "tags.d"}, false},
		{"vpc tag gone", vpcType, values{"tags": values{"a": "b"}}, values{}, []string{"tags"}, false},
		{"subnet zone", subnetType, values{"availabilityZone": "a"}, values{"availabilityZone": "b"}, []string{"availabilityZone"}, true},
		{"subnet public addresses", subnetType, values{"mapPublicIpOnLaunch": false}, values{"mapPublicIpOnLaunch": true}, []string{"mapPublicIpOnLaunch"}, false},
		{"default group's VPC", defaultSecurityGroupType, values{"vpcId": "a"}, values{"vpcId": "b"}, []string{"vpcId"}, true},
		{"flow log's traffic", flowLogType, values{"trafficType": "ALL"}, values{"trafficType": "REJECT"}, []string{"trafficType"}, true},
		{"log group's retention", logGroupType, values{"retentionInDays": 1.0}, values{"retentionInDays": 3.0}, []string{"retentionInDays"}, false},
		{"reserved range", subnetReservationType, values{"cidrBlock": "a"}, values{"cidrBlock": "b"}, []string{"cidrBlock"}, true},
		{"gateway's vpc", internetGatewayType, values{"vpcId": "a"}, values{"vpcId": "b"}, []string{"vpcId"}, false},
		{"route target", routeType, values{"gatewayId": "a"}, values{"natGatewayId": "b"}, []string{"gatewayId", "natGatewayId"}, false},
		{"route destination", routeType, values{"destinationCidrBlock": "a"}, values{"destinationCidrBlock": "b"}, []string{"destinationCidrBlock"}, true},
		{"association's table", routeTableAssociationType, values{"routeTableId": "a"}, values{"routeTableId": "b"}, []string{"routeTableId"}, false},
		{"association's subnet", routeTableAssociationType, values{"subnetId": "a"}, values{"subnetId": "b"}, []string{"subnetId"}, true},
		{"address's instance", addressType, values{"instance": "a"}, values{"instance": "b"}, []string{"instance"}, false},
		{"address association", addressAssociationType, values{"instanceId": "a"}, values{"instanceId": "b"}, []string{"instanceId"}, true},
		{"NAT address", natGatewayType, values{"allocationId": "a"}, values{"allocationId": "b"}, []string{"allocationId"}, true},
		{"endpoint's tables", vpcEndpointType, values{"routeTableIds": []any{"a", "b"}}, values{"routeTableIds": []any{"b", "c"}}, []string{"routeTableIds"}, false},
		{"endpoint's tables in another order", vpcEndpointType, values{"routeTableIds": []any{"a", "b"}}, values{"routeTableIds": []any{"b", "a"}}, nil, false},
		{"load balancer's subnets", loadBalancerType, values{"subnets": []any{"a"}}, values{"subnets": []any{"a", "b"}}, []string{"subnets"}, false},
		{"load balancer's timeout", loadBalancerType, values{"idleTimeout": 60.0}, values{"idleTimeout": 600.0}, []string{"idleTimeout"}, false},
		{"load balancer's name", loadBalancerType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"load balancer from public to internal", loadBalancerType, values{"internal": false}, values{"internal": true}, []string{"internal"}, true},
		{"listener's port", listenerType, values{"port": 80.0}, values{"port": 81.0}, []string{"port"}, false},
		{"listener's load balancer", listenerType, values{"loadBalancerArn": "a"}, values{"loadBalancerArn": "b"}, []string{"loadBalancerArn"}, true},
		{"rule's priority", listenerRuleType, values{"priority": 1.0}, values{"priority": 2.0}, []string{"priority"}, false},
		{"rule's listener", listenerRuleType, values{"listenerArn": "a"}, values{"listenerArn": "b"}, []string{"listenerArn"}, true},
		{"target group's port", targetGroupType, values{"port": 1.0}, values{"port": 2.0}, []string{"port"}, true},
		{"target group's delay", targetGroupType, values{"deregistrationDelay": 1.0}, values{"deregistrationDelay": 2.0}, []string{"deregistrationDelay"}, false},
		{"target group's VPC", targetGroupType, values{"vpcId": "a"}, values{"vpcId": "b"}, []string{"vpcId"}, true},
		{"target", targetGroupAttachmentType, values{"targetId": "a"}, values{"targetId": "b"}, []string{"targetId"}, true},
		{"certificate's names", certificateType, values{"subjectAlternativeNames": []any{"a"}}, values{"subjectAlternativeNames": []any{"a", "b"}}, []string{"subjectAlternativeNames"}, true},
		{"validated certificate", certificateValidationType, values{"certificateArn": "a"}, values{"certificateArn": "b"}, []string{"certificateArn"}, true},
		{"record's values", dnsRecordType, values{"records": []any{"a"}}, values{"records": []any{"b"}}, []string{"records"}, false},
		{"record's name", dnsRecordType, values{"name": "a.b"}, values{"name": "c.b"}, []string{"name"}, true},
		{"record's name with a dot", dnsRecordType, values{"name": "a.b"}, values{"name": "a.b."}, nil, false},
		{"alarm's dimensions", metricAlarmType, values{"dimensions": values{"InstanceId": "a"}}, values{"dimensions": values{"InstanceId": "b"}}, []string{"dimensions.InstanceId"}, false},
		{"alarm's name", metricAlarmType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"topic's display name", topicType, values{"displayName": "a"}, values{"displayName": "b"}, []string{"displayName"}, false},
		{"subscriber", topicSubscriptionType, values{"endpoint": "a"}, values{"endpoint": "b"}, []string{"endpoint"}, true},
		{"group description", securityGroupType, values{"description": "a"}, values{"description": "b"}, []string{"description"}, true},
		{"group name", securityGroupType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"rule ports", ingressRuleType, rule, with(rule, "toPort", 3.0), []string{"toPort"}, false},
		{"rule protocol by number", ingressRuleType, rule, with(rule, "ipProtocol", "6"), nil, false},
		{"rule range", ingressRuleType, rule, with(rule, "cidrIpv4", "10.0.0.0/9"), []string{"cidrIpv4"}, false},
		{"rule from range to group", ingressRuleType, rule, with(with(rule, "cidrIpv4", nil), "referencedSecurityGroupId", "g"), []string{"cidrIpv4", "referencedSecurityGroupId"}, true},
		{"rule's group", egressRuleType, rule, with(rule, "securityGroupId", "h"), []string{"securityGroupId"}, true},
		{"instance: nothing, user data kept by its hash", instanceResourceType, hashed, base, nil, false},
		{"instance type", instanceResourceType, hashed, with(base, "instanceType", "t3.large"), []string{"instanceType"}, false},
		{"instance image", instanceResourceType, hashed, with(base, "ami", "b"), []string{"ami"}, true},
		{"instance subnet", instanceResourceType, hashed, with(base, "subnetId", "b"), []string{"subnetId"}, true},
		{"instance address", instanceResourceType, with(hashed, "privateIp", "10.0.0.9"), with(base, "privateIp", "10.0.0.10"), []string{"privateIp"}, true},
		{"instance address no longer given", instanceResourceType, with(hashed, "privateIp", "10.0.0.9"), base, nil, false},
		{"instance key", instanceResourceType, with(hashed, "keyName", "a"), with(base, "keyName", "b"), []string{"keyName"}, true},
		{"instance zone", instanceResourceType, with(hashed, "availabilityZone", "a"), with(base, "availabilityZone", "b"), []string{"availabilityZone"}, true},
		{"instance public address", instanceResourceType, with(hashed, "associatePublicIpAddress", true), with(base, "associatePublicIpAddress", false), []string{"associatePublicIpAddress"}, true},
		{"instance profile", instanceResourceType, with(hashed, "iamInstanceProfile", "a"), with(base, "iamInstanceProfile", "b"), []string{"iamInstanceProfile"}, false},
		{"instance groups", instanceResourceType, with(hashed, "vpcSecurityGroupIds", []any{"a"}), with(base, "vpcSecurityGroupIds", []any{"b"}), []string{"vpcSecurityGroupIds"}, false},
		{"instance metadata", instanceResourceType, with(hashed, "metadataOptions", values{"httpTokens": "optional", "httpEndpoint": "enabled"}),
			with(base, "metadataOptions", values{"httpTokens": "required"}), []string{"metadataOptions.httpTokens"}, false},
		{"instance root size", instanceResourceType, with(hashed, "rootBlockDevice", values{"volumeSize": 20.0, "volumeType": "gp3"}),
			with(base, "rootBlockDevice", values{"volumeSize": 30.0}), []string{"rootBlockDevice.volumeSize"}, false},
		{"instance root encryption", instanceResourceType, with(hashed, "rootBlockDevice", values{"encrypted": false, "volumeSize": 8.0}),
			with(base, "rootBlockDevice", values{"encrypted": true}), []string{"rootBlockDevice.encrypted"}, true},
		{"instance disk", instanceResourceType, with(hashed, "ebsBlockDevices", []any{values{"deviceName": "f", "volumeSize": 1.0}}),
			with(base, "ebsBlockDevices", []any{values{"deviceName": "f", "volumeSize": 2.0}}), []string{"ebsBlockDevices"}, true},
		{"instance disks in another order", instanceResourceType, with(hashed, "ebsBlockDevices", []any{values{"deviceName": "f"}, values{"deviceName": "g"}}),
			with(base, "ebsBlockDevices", []any{values{"deviceName": "g"}, values{"deviceName": "f"}}), nil, false},
		{"instance user data", instanceResourceType, hashed, with(base, "userData", "y"), []string{"userData"}, false},
		{"instance user data that replaces", instanceResourceType, hashed, with(with(base, "userData", "y"), "userDataReplaceOnChange", true),
			[]string{"userData", "userDataReplaceOnChange"}, true},
		{"volume size", volumeType, values{"size": 1.0}, values{"size": 2.0}, []string{"size"}, false},
		{"volume zone", volumeType, values{"availabilityZone": "a"}, values{"availabilityZone": "b"}, []string{"availabilityZone"}, true},
		{"volume encryption", volumeType, values{"encrypted": false}, values{"encrypted": true}, []string{"encrypted"}, true},
		{"volume snapshot", volumeType, values{"snapshotId": "a"}, values{"snapshotId": "b"}, []string{"snapshotId"}, true},
		{"volume snapshot no longer given", volumeType, values{"snapshotId": "a"}, values{}, nil, false},
		{"lifecycle policy's description", lifecyclePolicyType, values{"description": "a"}, values{"description": "b"}, []string{"description"}, false},
		{"attachment", volumeAttachmentType, values{"instanceId": "a"}, values{"instanceId": "b"}, []string{"instanceId"}, true},
		{"attachment's flags", volumeAttachmentType, values{}, values{"skipDestroy": true}, []string{"skipDestroy"}, false},
		{"key", keyPairType, values{"publicKey": "a"}, values{"publicKey": "b"}, []string{"publicKey"}, true},
		{"role trust", roleType, values{"assumeRolePolicy": `{"a":"b"}`}, values{"assumeRolePolicy": `{"a":"c"}`}, []string{"assumeRolePolicy"}, false},
		{"role trust, written otherwise", roleType, values{"assumeRolePolicy": `{"a":["b"],"c":["d","e"]}`}, values{"assumeRolePolicy": `{ "c": ["e","d"], "a": "b" }`}, nil, false},
		{"role path", roleType, values{"path": "/"}, values{"path": "/a/"}, []string{"path"}, true},
		{"policy text", rolePolicyType, values{"policy": `{"a":"b"}`}, values{"policy": `{"a":"c"}`}, []string{"policy"}, false},
		{"policy's role", rolePolicyType, values{"role": "a"}, values{"role": "b"}, []string{"role"}, true},
		{"attached policy", rolePolicyAttachmentType, values{"policyArn": "a"}, values{"policyArn": "b"}, []string{"policyArn"}, true},
		{"profile's role", instanceProfileType, values{"role": "a"}, values{"role": "b"}, []string{"role"}, false},
		{"profile's name", instanceProfileType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"parameter value", parameterType, values{"value": "a"}, values{"value": "b"}, []string{"value"}, false},
		{"parameter name", parameterType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"parameter tier up", parameterType, values{"tier": "Standard"}, values{"tier": "Advanced"}, []string{"tier"}, false},
		{"parameter tier down", parameterType, values{"tier": "Advanced"}, values{"tier": "Standard"}, []string{"tier"}, true},
		{"bucket name", bucketType, values{"bucket": "a"}, values{"bucket": "b"}, []string{"bucket"}, true},
		{"bucket versioning", bucketVersioningType, values{"versioningConfiguration": values{"status": "Enabled"}},
			values{"versioningConfiguration": values{"status": "Suspended"}}, []string{"versioningConfiguration.status"}, false},
		{"setting's bucket", bucketLifecycleType, values{"bucket": "a"}, values{"bucket": "b"}, []string{"bucket"}, true},
		{"object's content", bucketObjectType, values{"content": "a"}, values{"content": "b"}, []string{"content"}, false},
		{"object's key", bucketObjectType, values{"key": "a"}, values{"key": "b"}, []string{"key"}, true},
		{"issuer, kept without its scheme", openIDProviderType, values{"url": "a.example.com"}, values{"url": "https://a.example.com"}, nil, false},
		{"issuer", openIDProviderType, values{"url": "a.example.com"}, values{"url": "https://b.example.com"}, []string{"url"}, true},
		{"budget's limit", budgetType, values{"limitAmount": "240.0"}, values{"limitAmount": "250"}, []string{"limitAmount"}, false},
		{"budget's name", budgetType, values{"name": "a"}, values{"name": "b"}, []string{"name"}, true},
		{"unknown replaces", subnetType, values{"vpcId": "a"}, values{"vpcId": unknown{}}, []string{"vpcId"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var changed []string
			replaces := false
			for _, c := range tt.rt.diff(tt.old, tt.new) {
				changed = append(changed, c.Path)
				replaces = replaces || c.Replaces
			}
			assert.Equal(t, tt.changed, changed)
			assert.Equal(t, tt.replaces, replaces)
		})
	}
}

func with(v values, key string, value any) values {
	out := v.copy()
	if out[key] = value; value == nil {
		delete(out, key)
	}
	return out
}

// TestDiff_NewResourceOfEveryType: a new resource has no diff with its inputs.
func TestDiff_NewResourceOfEveryType(t *testing.T) {
	w := oneOfEach(t)
	seen := map[string]bool{}
	for _, r := range w.c.Resources() {
		if !r.Managed {
			continue
		}
		seen[r.Type] = true
		o := w.c.find(resourceTypes[r.Type], r.ID)
		assert.Empty(t, o.kind.diff(w.c.outputs(o), o.given), r.Type)
		require.NoError(t, w.change(r.Type, r.ID, o.given), r.Type)
		assert.Empty(t, o.kind.diff(w.c.outputs(o), o.given), r.Type)
	}
	assert.Len(t, seen, len(resourceTypes), "oneOfEach must have every modeled type")
}

// oneOfEach builds an account with every modeled type in it.
func oneOfEach(t *testing.T) *world {
	w := build(t, Options{HostedZones: []string{"example.com"}})
	w.make(keyPairToken, "key", values{"publicKey": publicKey, "tags": values{"a": "b"}})
	key := slices.Sorted(maps.Keys(w.c.keyPairs))[0]
	w.role("role")
	w.make(rolePolicyToken, "policy", values{"role": "role", "policy": policyText("Allow", "ssm:PutParameter", "*")})
	w.make(rolePolicyAttachmentToken, "core", values{"role": "role", "policyArn": coreARN})
	profile := w.make(instanceProfileToken, "profile", values{"role": "role"})
	w.make(ingressRuleToken, "ssh", values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "referencedSecurityGroupId": w.group, "description": "ssh"})
	i := w.machine("one", values{
		"keyName": key, "iamInstanceProfile": profile, "userDataBase64": "eA==", "privateIp": "10.0.0.10",
		"rootBlockDevice":     values{"volumeSize": 20, "volumeType": "gp3", "encrypted": true},
		"metadataOptions":     values{"httpTokens": "required", "httpPutResponseHopLimit": 1},
		"creditSpecification": values{"cpuCredits": "standard"}, "volumeTags": values{"a": "b"}, "monitoring": true,
	})
	w.machine("two", values{"subnetId": w.private, "userData": "#!/bin/sh"})
	v := w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 40, "type": "gp3", "encrypted": true})
	w.make(volumeAttachmentToken, "data", values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf", "stopInstanceBeforeDetaching": true})
	w.make(subnetReservationToken, "ten", values{"subnetId": w.public, "cidrBlock": "10.0.0.10/32", "reservationType": "explicit", "description": "d"})
	a := w.make(addressToken, "one", values{"domain": "vpc"})
	w.make(addressAssociationToken, "one", values{"allocationId": a, "instanceId": i})
	w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": w.make(addressToken, "nat", values{"domain": "vpc"})})
	w.make(vpcEndpointToken, "s3", values{"vpcId": w.vpc, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": []any{w.table}})
	balancer := w.site(i).balancer
	acl := w.read(webACLToken, w.make(webACLToken, "web", webACLOf(2000))).text("arn")
	w.make(webACLAssociationToken, "web", values{"resourceArn": balancer, "webAclArn": acl})
	w.make(parameterToken, "secret", values{"name": "/c/secret", "type": "SecureString", "value": "pending"})
	w.make(parameterToken, "plain", values{"name": "/c/plain", "type": "String", "insecureValue": "pending", "description": "d"})
	b := w.make(bucketToken, "Backups", values{"forceDestroy": true})
	w.make(bucketPublicAccessBlockToken, "b", values{"bucket": b, "blockPublicAcls": true, "blockPublicPolicy": true})
	w.make(bucketEncryptionToken, "b", values{"bucket": b, "rules": []any{values{"applyServerSideEncryptionByDefault": values{"sseAlgorithm": "AES256"}}}})
	w.make(bucketVersioningToken, "b", values{"bucket": b, "versioningConfiguration": values{"status": "Enabled"}})
	w.make(bucketOwnershipToken, "b", values{"bucket": b, "rule": values{"objectOwnership": "BucketOwnerEnforced"}})
	w.make(bucketLifecycleToken, "b", values{"bucket": b, "rules": []any{values{
		"id": "old", "status": "Enabled", "filter": values{"prefix": "etcd/"}, "expiration": values{"days": 7},
		"noncurrentVersionExpiration": values{"noncurrentDays": 1},
	}}})
	w.make(bucketCorsToken, "b", values{"bucket": b, "corsRules": []any{values{"allowedMethods": []any{"GET"}, "allowedOrigins": []any{"https://example.com"}}}})
	w.make(bucketPolicyToken, "b", values{"bucket": b, "policy": bucketPolicyText("arn:aws:iam::000000000000:role/role", "arn:aws:s3:::"+b+"/*")})
	w.make(bucketObjectToken, "document", values{"bucket": b, "key": "document", "content": "{}", "contentType": "application/json"})
	w.make(openIDProviderToken, "issuer", values{"url": "https://" + b + ".s3.ap-northeast-2.amazonaws.com", "clientIdLists": []any{"sts.amazonaws.com"}})
	w.make(budgetToken, "budget", budgetOf(nil))
	told := w.make(topicToken, "told", values{})
	w.make(topicSubscriptionToken, "told", values{"topic": told, "protocol": "email", "endpoint": "a@example.com"})
	w.make(metricAlarmToken, "alarm", statusAlarm(told, nil))
	w.make(defaultSecurityGroupToken, "default", values{"vpcId": w.vpc})
	w.make(documentToken, "d", values{"documentType": "Session", "content": `{"schemaVersion":"1.0","description":"d","sessionType":"Port","properties":{"portNumber":"6443","type":"LocalPortForwarding"}}`})
	w.make(keyAliasToken, "k", values{"name": "alias/k", "targetKeyId": w.make(keyToken, "k", values{"enableKeyRotation": true})})
	logs := w.make(logGroupToken, "flows", values{"name": "flows", "retentionInDays": 30})
	w.make(flowLogToken, "flows", values{
		"vpcId": w.vpc, "trafficType": "ALL", "logDestination": w.c.arn("logs", "log-group:"+logs), "iamRoleArn": w.lifecycleRole("flows", trustFlowLogs),
	})
	w.make(lifecyclePolicyToken, "snapshots", snapshots(w.lifecycleRole("dlm", trustDLM), nil))
	w.make(scheduleToken, "sleep", scheduled(w.lifecycleRole("sleep", trustScheduler), "ec2:stopInstances", `{"InstanceIds":["`+i+`"]}`))
	return w
}
