package awssim

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUpdate_InPlace makes each change that does not replace and looks at its effect.
func TestUpdate_InPlace(t *testing.T) {
	given := func(w *world, token, id string) values { return w.c.find(resourceTypes[token], id).given.copy() }
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, w *world)
	}{
		{"subnet", func(t *testing.T, w *world) {
			in := given(w, subnetToken, w.public)
			in["mapPublicIpOnLaunch"], in["privateDnsHostnameTypeOnLaunch"] = false, "resource-name"
			require.NoError(t, w.change(subnetToken, w.public, in))
			assert.Equal(t, "resource-name", w.read(subnetToken, w.public).text("privateDnsHostnameTypeOnLaunch"))
			assert.Empty(t, w.read(instanceToken, w.machine("one", nil)).text("publicIp"))
		}},
		{"vpc", func(t *testing.T, w *world) {
			in := values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": false}
			require.NoError(t, w.change(vpcToken, w.vpc, in), "host names stay as they were when not given")
			w.refused(w.change(vpcToken, w.vpc, with(in, "enableDnsHostnames", true)), "InvalidParameterValue", "enableDnsSupport")
			require.NoError(t, w.change(vpcToken, w.vpc, values{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": false, "enableNetworkAddressUsageMetrics": true}))
			assert.True(t, w.read(vpcToken, w.vpc).flag("enableNetworkAddressUsageMetrics"))
			i := w.read(instanceToken, w.machine("one", nil))
			assert.NotEmpty(t, i.text("publicIp"))
			assert.Empty(t, i.text("publicDns"), "without host names there is no public one")
		}},
		{"gateway moves", func(t *testing.T, w *world) {
			other := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			i := w.machine("one", nil)
			w.refused(w.change(internetGatewayToken, w.gateway, values{"vpcId": other}), "DependencyViolation", "mapped public address")
			require.NoError(t, w.remove(instanceToken, i))
			w.refused(w.change(internetGatewayToken, w.gateway, values{"vpcId": "vpc-nope"}), "InvalidVpcID.NotFound", "vpc-nope")
			require.NoError(t, w.change(internetGatewayToken, w.gateway, values{"vpcId": other}))
			assert.Equal(t, other, w.read(internetGatewayToken, w.gateway).text("vpcId"))
			second := w.make(internetGatewayToken, "second", values{"vpcId": w.vpc})
			w.refused(w.change(internetGatewayToken, second, values{"vpcId": other}), "InvalidParameterValue", "already has")
			for id, o := range w.c.objects[routeToken] {
				assert.Equal(t, "blackhole", w.c.outputs(o).text("state"), id)
			}
		}},
		{"route", func(t *testing.T, w *world) {
			nat := w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": w.make(addressToken, "nat", values{})})
			in := values{"routeTableId": w.table, "destinationCidrBlock": "172.16.0.0/12", "gatewayId": w.gateway}
			id := w.make(routeToken, "r", in)
			require.NoError(t, w.change(routeToken, id, with(with(in, "gatewayId", nil), "natGatewayId", nat)))
			read := w.read(routeToken, id)
			assert.Equal(t, nat, read.text("natGatewayId"))
			assert.Empty(t, read.text("gatewayId"))
			assert.Equal(t, "active", read.text("state"))
			other := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			far := w.make(routeTableToken, "far", values{"vpcId": other})
			_, err := w.try(routeToken, "wrong", values{"routeTableId": far, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": nat})
			w.refused(err, "InvalidParameterValue", "different networks")
			_, err = w.try(routeToken, "wrong", values{"routeTableId": far, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": w.gateway})
			w.refused(err, "InvalidParameterValue", "different networks")
			_, err = w.try(routeTableAssociationToken, "wrong", values{"routeTableId": far, "subnetId": w.private})
			w.refused(err, "InvalidParameterValue", "different networks")
			_, err = w.try(vpcEndpointToken, "wrong", values{"vpcId": w.vpc, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": []any{far}})
			w.refused(err, "InvalidParameter", "different networks")
			group := w.make(securityGroupToken, "far", values{"vpcId": other})
			_, err = w.try(ingressRuleToken, "wrong", values{"securityGroupId": group, "ipProtocol": "-1", "referencedSecurityGroupId": w.group})
			w.refused(err, "InvalidGroup.NotFound", "different networks")
		}},
		{"association", func(t *testing.T, w *world) {
			id := slices.Sorted(maps.Keys(w.c.objects[routeTableAssociationToken]))[0]
			second := w.make(routeTableToken, "second", values{"vpcId": w.vpc})
			require.NoError(t, w.change(routeTableAssociationToken, id, values{"subnetId": w.public, "routeTableId": second}))
			w.machine("one", nil)
			assert.ErrorContains(t, w.c.Reach("one", Internet, "tcp", 443), "route table "+second)
			require.NoError(t, w.remove(routeToken, slices.Sorted(maps.Keys(w.c.objects[routeToken]))[0]))
			require.NoError(t, w.remove(routeTableToken, w.table), "the first table is free now")
		}},
		{"address moves", func(t *testing.T, w *world) {
			one, two := w.machine("one", nil), w.machine("two", nil)
			a := w.make(addressToken, "a", values{"instance": one})
			w.refused(w.change(addressToken, a, values{"instance": "i-nope"}), "InvalidInstanceID.NotFound", "i-nope")
			require.NoError(t, w.change(addressToken, a, values{"instance": two}))
			read := w.read(addressToken, a)
			assert.Equal(t, read.text("publicIp"), w.read(instanceToken, two).text("publicIp"))
			assert.Equal(t, w.read(instanceToken, two).text("privateIp"), read.text("privateIp"))
			assert.Empty(t, w.read(instanceToken, one).text("publicIp"))
			second := w.make(addressToken, "b", values{})
			w.make(addressAssociationToken, "b", values{"allocationId": second, "instanceId": two})
			assert.Empty(t, w.read(addressToken, a).text("instance"), "an instance has one address")
			moved := w.make(addressAssociationToken, "c", values{"allocationId": second, "instanceId": one})
			read = w.read(addressAssociationToken, moved)
			assert.Equal(t, one, read.text("instanceId"), "an associated address moves without asking")
			assert.Equal(t, w.read(instanceToken, one).text("privateIp"), read.text("privateIpAddress"))
			assert.Empty(t, w.read(instanceToken, two).text("publicIp"))
			require.NoError(t, w.remove(instanceToken, one))
			assert.Nil(t, w.c.find(addressAssociationType, moved), "the association goes with the instance")
			require.NoError(t, w.remove(addressToken, second), "and the address is free")
			require.NoError(t, w.remove(instanceToken, two))
			assert.Zero(t, w.c.vpcs[w.vpc].publicMappings)
		}},
		{"address of a NAT gateway", func(t *testing.T, w *world) {
			a := w.make(addressToken, "nat", values{})
			nat := w.read(natGatewayToken, w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": a, "privateIp": "10.0.0.9"}))
			assert.Equal(t, w.read(addressToken, a).text("publicIp"), nat.text("publicIp"))
			assert.Equal(t, "10.0.0.9", w.read(addressToken, a).text("privateIp"))
			inner := w.read(natGatewayToken, w.make(natGatewayToken, "inner", values{"subnetId": w.public, "connectivityType": "private"}))
			assert.Empty(t, inner.text("publicIp"))
			w.machine("hidden", values{"subnetId": w.private})
			table := w.make(routeTableToken, "private", values{"vpcId": w.vpc})
			w.make(routeToken, "private", values{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": inner.text("id")})
			w.make(routeTableAssociationToken, "private", values{"subnetId": w.private, "routeTableId": table})
			assert.ErrorContains(t, w.c.Reach("hidden", Internet, "tcp", 443), "is private")
			require.NoError(t, w.remove(natGatewayToken, inner.text("id")))
		}},
		{"gateway that is attached later", func(t *testing.T, w *world) {
			v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			g := w.make(internetGatewayToken, "later", values{})
			assert.Empty(t, w.read(internetGatewayToken, g).text("vpcId"))
			require.NoError(t, w.change(internetGatewayToken, g, values{"vpcId": v}))
			assert.Equal(t, v, w.read(internetGatewayToken, g).text("vpcId"))
			w.refused(w.change(internetGatewayToken, w.gateway, values{"vpcId": v}), "InvalidParameterValue", "already has")
			assert.Equal(t, w.vpc, w.read(internetGatewayToken, w.gateway).text("vpcId"), "a refused change changes nothing")
		}},
		{"subnet deleted before its association", func(t *testing.T, w *world) {
			require.NoError(t, w.remove(subnetToken, w.public))
			assert.Empty(t, w.c.objects[routeTableAssociationToken])
			require.NoError(t, w.remove(routeTableToken, w.table))
			assert.Empty(t, w.c.objects[routeToken], "routes go with their table")
		}},
		{"instance", func(t *testing.T, w *world) {
			id := w.machine("one", values{"rootBlockDevice": values{"volumeSize": 20}, "userDataBase64": "eA=="})
			in := w.c.find(instanceResourceType, id).given.copy()
			delete(in, "rootBlockDevice")
			in["instanceInitiatedShutdownBehavior"], in["volumeTags"] = "terminate", values{"a": "b"}
			in["creditSpecification"] = values{"cpuCredits": "standard"}
			require.NoError(t, w.change(instanceToken, id, in))
			read := w.read(instanceToken, id)
			assert.True(t, read.block("rootBlockDevice").flag("deleteOnTermination"), "a root disk that is not spoken of stays as it is")
			assert.Equal(t, "terminate", read.text("instanceInitiatedShutdownBehavior"))
			assert.Equal(t, "b", read.block("volumeTags").text("a"))
			assert.Equal(t, "standard", read.block("creditSpecification").text("cpuCredits"))
			assert.Equal(t, "eA==", read.text("userDataBase64"))
			assert.Empty(t, read.text("userData"))
			require.NoError(t, w.change(instanceToken, id, with(with(in, "userDataBase64", nil), "userData", "#!/bin/sh")))
			assert.Equal(t, hashUserData("#!/bin/sh"), w.read(instanceToken, id).text("userData"))
			w.refused(w.change(instanceToken, id, with(in, "instanceType", "t4g.small")), "InvalidParameterValue", "architecture")
			steady := w.read(instanceToken, w.machine("steady", values{"instanceType": "m6i.large"}))
			assert.NotContains(t, steady, "creditSpecification", "only burstable types have credits")
			assert.Equal(t, "unlimited", w.read(instanceToken, w.machine("other", nil)).block("creditSpecification").text("cpuCredits"))
		}},
		{"disk tags", func(t *testing.T, w *world) {
			rt := instanceResourceType
			launch := func(name string, extra values) values {
				in, found := rt.admit(name, values{"ami": w.image, "instanceType": "t3.nano", "subnetId": w.public}, nil, nil)
				require.Empty(t, found)
				for key, value := range extra.plain() {
					in[key] = value
				}
				o, err := w.c.create(rt, name, in, map[string]string{"Project": "p"})
				require.NoError(t, err)
				return w.c.outputs(o).block("rootBlockDevice")
			}
			own := launch("own", values{"rootBlockDevice": values{"tags": values{"a": "b"}}})
			assert.Equal(t, map[string]string{"a": "b"}, own.textMap("tags"))
			assert.Equal(t, map[string]string{"a": "b", "Project": "p"}, own.textMap("tagsAll"), "default tags reach disks")
			all := launch("all", values{"volumeTags": values{"c": "d"}})
			assert.NotContains(t, all, "tags")
			assert.Equal(t, map[string]string{"c": "d"}, w.c.volumes[all.text("volumeId")].tags)
		}},
		{"parameter's key", func(t *testing.T, w *world) {
			w.make(keyAliasToken, "k", values{"name": "alias/mine", "targetKeyId": w.make(keyToken, "k", values{})})
			id := w.make(parameterToken, "s", values{"name": "/s", "type": "SecureString", "value": "x", "keyId": "alias/mine"})
			assert.Equal(t, "alias/mine", w.read(parameterToken, id).text("keyId"))
			require.NoError(t, w.change(parameterToken, id, values{"name": "/s", "type": "String", "value": "x"}))
			assert.Empty(t, w.read(parameterToken, id).text("keyId"))
			assert.Equal(t, "alias/aws/ssm", w.read(parameterToken, w.make(parameterToken, "t", values{"name": "/t", "type": "SecureString", "value": "x"})).text("keyId"))
		}},
		{"throughput", func(t *testing.T, w *world) {
			in := values{"availabilityZone": "ap-northeast-2a", "size": 10, "type": "gp3", "throughput": 250}
			id := w.make(volumeToken, "v", in)
			assert.Equal(t, 250, w.read(volumeToken, id).whole("throughput"))
			_, found := volumeType.admit("v", values{"availabilityZone": "a", "size": 1.0, "type": unknown{}, "iops": 3000.0}, nil, nil)
			assert.Empty(t, found, "what depends on an unknown type is not judged")
		}},
		{"bucket policy", func(t *testing.T, w *world) {
			b := w.make(bucketToken, "b", values{})
			text := bucketPolicyText("arn:aws:iam::000000000000:root", "arn:aws:s3:::"+b+"/*")
			w.make(bucketPolicyToken, "b", values{"bucket": b, "policy": text})
			assert.Equal(t, text, w.read(bucketToken, b).text("policy"))
			_, err := w.c.GetObject("nope", "k")
			w.refused(err, "NoSuchBucket", "nope")
		}},
		{"endpoint", func(t *testing.T, w *world) {
			in := values{"vpcId": w.vpc, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": []any{w.table}}
			id := w.make(vpcEndpointToken, "s3", in)
			second := w.make(routeTableToken, "second", values{"vpcId": w.vpc})
			w.refused(w.change(vpcEndpointToken, id, with(in, "policy", "{}")), "InvalidPolicyDocument", "Syntax")
			w.refused(w.change(vpcEndpointToken, id, with(in, "routeTableIds", []any{"rtb-nope"})), "InvalidRouteTableID.NotFound", "rtb-nope")
			next := with(with(in, "routeTableIds", []any{second}), "policy", bucketPolicyText("*", "*"))
			require.NoError(t, w.change(vpcEndpointToken, id, next))
			assert.Equal(t, []string{second}, w.read(vpcEndpointToken, id).texts("routeTableIds"))
			assert.JSONEq(t, bucketPolicyText("*", "*"), w.read(vpcEndpointToken, id).text("policy"))
			w.make(vpcEndpointToken, "again", in) // the first table is free for another
		}},
		{"rule", func(t *testing.T, w *world) {
			in := values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}
			id := w.make(ingressRuleToken, "ssh", in)
			w.machine("one", nil)
			assert.Equal(t, 22, w.c.rules[id].attributes(w.c)["toPort"])
			assert.Equal(t, 22, w.c.rules[id].attributes(w.c)["fromPort"])
			_, err := w.try(egressRuleToken, "wrong", values{"securityGroupId": w.group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
			assert.ErrorContains(t, err, "AuthorizeSecurityGroupEgress, api error InvalidPermission.Duplicate")
			require.NoError(t, w.c.Reach(Internet, "one", "tcp", 22))
			require.NoError(t, w.change(ingressRuleToken, id, with(in, "cidrIpv4", "198.51.100.0/24")))
			require.Error(t, w.c.Reach(Internet, "one", "tcp", 22))
			w.make(ingressRuleToken, "again", in) // the old permission is free
			w.refused(w.change(ingressRuleToken, id, in), "InvalidPermission.Duplicate", "already exists")
			require.NoError(t, w.remove(ingressRuleToken, id))
			require.NoError(t, w.c.Reach(Internet, "one", "tcp", 22))
		}},
		{"group deleted with its rules", func(t *testing.T, w *world) {
			g := w.make(securityGroupToken, "g", values{"vpcId": w.vpc})
			w.make(ingressRuleToken, "in", values{"securityGroupId": g, "ipProtocol": "-1", "referencedSecurityGroupId": g})
			w.make(egressRuleToken, "out", values{"securityGroupId": g, "ipProtocol": "-1", "referencedSecurityGroupId": w.group})
			require.NoError(t, w.remove(securityGroupToken, g), "its own rules do not hold it")
			assert.Empty(t, w.c.objects[ingressRuleToken])
			assert.Len(t, w.c.objects[egressRuleToken], 1)
			assert.Empty(t, w.c.groups[w.group].referencedBy)
		}},
		{"volume", func(t *testing.T, w *world) {
			in := values{"availabilityZone": "ap-northeast-2a", "size": 100, "type": "gp3"}
			id := w.make(volumeToken, "v", in)
			assert.Equal(t, 3000, w.read(volumeToken, id).whole("iops"))
			assert.Equal(t, 125, w.read(volumeToken, id).whole("throughput"))
			require.NoError(t, w.change(volumeToken, id, with(with(in, "size", 200), "iops", 4000)))
			assert.Equal(t, 4000, w.read(volumeToken, id).whole("iops"))
			w.refused(w.change(volumeToken, id, in), "InvalidParameterValue", "cannot be smaller")
			require.NoError(t, w.change(volumeToken, id, values{"availabilityZone": "ap-northeast-2a", "size": 200, "type": "gp2"}))
			read := w.read(volumeToken, id)
			assert.Equal(t, 600, read.whole("iops"), "gp2 has three for each GiB")
			assert.Zero(t, read.whole("throughput"))
			assert.Empty(t, read.text("kmsKeyId"))
			sealed := w.read(volumeToken, w.make(volumeToken, "s", values{"availabilityZone": "ap-northeast-2a", "size": 1, "encrypted": true}))
			assert.Equal(t, "arn:aws:kms:ap-northeast-2:000000000000:alias/aws/ebs", sealed.text("kmsKeyId"))
		}},
		{"role", func(t *testing.T, w *world) {
			w.role("r")
			in := values{"name": "r", "assumeRolePolicy": trustEC2, "description": "d", "maxSessionDuration": 7200}
			require.NoError(t, w.change(roleToken, "r", in))
			assert.Equal(t, 7200, w.read(roleToken, "r").whole("maxSessionDuration"))
			w.refused(w.change(roleToken, "r", with(in, "assumeRolePolicy", "none")), "MalformedPolicyDocument", "Syntax")
			w.make(rolePolicyAttachmentToken, "a", values{"role": "r", "policyArn": coreARN})
			require.NoError(t, w.change(roleToken, "r", with(in, "forceDetachPolicies", true)))
			require.NoError(t, w.remove(roleToken, "r"), "forceDetachPolicies detaches them")
		}},
		{"profile", func(t *testing.T, w *world) {
			w.role("a")
			w.role("b")
			p := w.make(instanceProfileToken, "p", values{"name": "p", "role": "a"})
			w.refused(w.change(instanceProfileToken, p, values{"name": "p", "role": "c"}), "NoSuchEntity", "c cannot be found")
			require.NoError(t, w.change(instanceProfileToken, p, values{"name": "p", "role": "b"}))
			require.NoError(t, w.remove(roleToken, "a"))
			w.refused(w.remove(roleToken, "b"), "DeleteConflict", "instance profile")
		}},
		{"stopped while its volume is taken away", func(t *testing.T, w *world) {
			i := w.machine("one", nil)
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 1})
			in := values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf"}
			a := w.make(volumeAttachmentToken, "a", with(in, "stopInstanceBeforeDetaching", true))
			require.NoError(t, w.remove(volumeAttachmentToken, a))
			assert.Equal(t, "stopped", w.read(instanceToken, i).text("instanceState"))
			assert.Zero(t, w.c.vcpus)
			assert.ErrorContains(t, w.c.Reach("one", Internet, "tcp", 443), "one is stopped")
			b := w.make(volumeAttachmentToken, "b", with(in, "skipDestroy", true))
			require.NoError(t, w.remove(volumeAttachmentToken, b))
			assert.Equal(t, i, w.c.volumes[v].instance.id, "skipDestroy leaves the volume where it is")
			require.NoError(t, w.remove(instanceToken, i))
			assert.Zero(t, w.c.vcpus)
		}},
		{"setting", func(t *testing.T, w *world) {
			b := w.make(bucketToken, "b", values{})
			in := values{"bucket": b, "rules": []any{values{"id": "r", "status": "Enabled", "expiration": values{"days": 1}}}}
			id := w.make(bucketLifecycleToken, "b", in)
			w.refused(w.change(bucketLifecycleToken, id, values{"bucket": b, "rules": []any{values{"id": "r", "status": "Enabled"}}}), "MalformedXML", "action")
			assert.Equal(t, 1, w.read(bucketLifecycleToken, id).blocks("rules")[0].block("expiration").whole("days"))
			next := values{"bucket": b, "rules": []any{values{"id": "r", "status": "Disabled", "expiration": values{"days": 7}}}}
			require.NoError(t, w.change(bucketLifecycleToken, id, next))
			assert.Equal(t, 7, w.read(bucketLifecycleToken, id).blocks("rules")[0].block("expiration").whole("days"))
			require.NoError(t, w.remove(bucketToken, b))
			assert.Empty(t, w.c.objects[bucketLifecycleToken], "settings go with their bucket")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.do(t, build(t, Options{})) })
	}
}

// TestDelete_EveryType deletes one of each type, in rounds, until none is left.
func TestDelete_EveryType(t *testing.T) {
	w := oneOfEach(t)
	for range len(w.c.Resources()) {
		for _, r := range w.c.Resources() {
			if r.Managed {
				_ = w.remove(r.Type, r.ID) // a resource with dependents goes in a later round
			}
		}
	}
	assert.Empty(t, w.c.Left())
	assert.Empty(t, w.c.Resources())
	assert.Empty(t, w.c.public.taken, "all public addresses were given back")
	assert.Zero(t, w.c.vcpus)
}
