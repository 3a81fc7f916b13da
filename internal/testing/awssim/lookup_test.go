package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (w *world) ask(token string, in values) (values, error) {
	out, err := w.c.invoke(token, toPropertyMap(in))
	return fromPropertyMap(out), err
}

func filter(name string, texts ...string) values {
	return values{"name": name, "values": anyList(texts)}
}

func TestInstancesLookup_Filters(t *testing.T) {
	w := build(t, Options{})
	one := w.machine("one", values{"privateIp": "10.0.0.40", "instanceType": "t3.small"})
	w.machine("two", values{"subnetId": w.private})
	for _, f := range []values{
		filter("instance-id", one), filter("instance-type", "t3.s*"), filter("availability-zone", "ap-northeast-2a"), filter("subnet-id", w.public),
		filter("private-ip-address", "10.0.0.40"), filter("tag:Name", "one", "three"), filter("tag:Name", "o?e"),
	} {
		out, err := w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{f}})
		require.NoError(t, err)
		assert.Equal(t, []string{one}, out.texts("ids"), f)
	}
	for _, f := range []values{
		filter("vpc-id", w.vpc), filter("image-id", w.image), filter("instance.group-id", w.group), filter("tag-key", "Name"),
		filter("instance-state-name", "running"), filter("key-name", ""),
	} {
		out, err := w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{f}})
		require.NoError(t, err)
		assert.Len(t, out.texts("ids"), 2, f)
		assert.Len(t, out.texts("publicIps"), 1)
	}
	byTag, err := w.ask("aws:ec2/getInstances:getInstances", values{"instanceTags": values{"Name": "one"}})
	require.NoError(t, err)
	assert.Equal(t, []string{one}, byTag.texts("ids"))
	untagged, err := w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{filter("tag:Stage", "*")}})
	require.NoError(t, err)
	assert.Empty(t, untagged.texts("ids"))
	none, err := w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{filter("tag:Stage", "dev")}})
	require.NoError(t, err)
	assert.Empty(t, none.texts("ids"))
	_, err = w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{filter("color", "red")}})
	assert.ErrorContains(t, err, `the filter "color" is not modeled`)
	stopped, err := w.ask("aws:ec2/getInstances:getInstances", values{"instanceStateNames": []any{"stopped"}})
	require.NoError(t, err)
	assert.Empty(t, stopped.texts("ids"))
	_, err = w.ask("aws:ec2/getInstance:getInstance", values{"instanceId": one, "getPasswordData": true})
	assert.ErrorContains(t, err, "passwords of Windows instances are not modeled")
	found, err := w.ask("aws:ec2/getInstance:getInstance", values{"instanceId": one})
	require.NoError(t, err)
	assert.Empty(t, found.text("userDataBase64"), "only when asked for")
}

func TestZoneLookup(t *testing.T) {
	w := newWorld(t, Options{})
	names := func(in values) []string {
		out, err := w.ask("aws:index/getAvailabilityZones:getAvailabilityZones", in)
		require.NoError(t, err)
		return out.texts("names")
	}
	assert.Len(t, names(nil), 4)
	assert.Equal(t, []string{"ap-northeast-2b", "ap-northeast-2d"}, names(values{"excludeNames": []any{"ap-northeast-2a"}, "excludeZoneIds": []any{"apne2-az3"}}))
	assert.Empty(t, names(values{"state": "impaired"}))
	assert.Equal(t, []string{"ap-northeast-2c"}, names(values{"filters": []any{filter("zone-name", "*c")}}))
	for _, f := range []values{filter("state", "available"), filter("zone-type", "availability-zone"), filter("opt-in-status", "opt-in-not-required"), filter("zone-id", "apne2-*")} {
		assert.Len(t, names(values{"filters": []any{f}}), 4)
	}
	_, err := w.ask("aws:index/getAvailabilityZones:getAvailabilityZones", values{"filters": []any{filter("color", "red")}})
	assert.ErrorContains(t, err, "not modeled")
	us := newWorld(t, Options{Region: "us-east-1"})
	out, err := us.ask("aws:index/getAvailabilityZones:getAvailabilityZones", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"use1-az1", "use1-az2", "use1-az3"}, out.texts("zoneIds"))
}

func TestKeyPairLookup(t *testing.T) {
	w := newWorld(t, Options{})
	w.make(keyPairToken, "k", values{"keyName": "me", "publicKey": publicKey})
	rsa := "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== me"
	w.make(keyPairToken, "r", values{"keyName": "old", "publicKey": rsa})
	for _, in := range []values{
		{"keyName": "me"}, {"filters": []any{filter("key-name", "m*")}}, {"filters": []any{filter("fingerprint", w.read(keyPairToken, "me").text("fingerprint"))}},
		{"keyPairId": w.read(keyPairToken, "me").text("keyPairId")}, {"filters": []any{filter("key-pair-id", w.read(keyPairToken, "me").text("keyPairId"))}},
	} {
		out, err := w.ask("aws:ec2/getKeyPair:getKeyPair", in)
		require.NoError(t, err)
		assert.Equal(t, "me", out.text("keyName"))
		assert.Equal(t, "ed25519", out.text("keyType"))
		assert.Empty(t, out.text("publicKey"))
	}
	out, err := w.ask("aws:ec2/getKeyPair:getKeyPair", values{"keyName": "old", "includePublicKey": true})
	require.NoError(t, err)
	assert.Equal(t, rsa, out.text("publicKey"))
	assert.Regexp(t, `^([0-9a-f]{2}:){15}[0-9a-f]{2}$`, out.text("fingerprint"))
	_, err = w.ask("aws:ec2/getKeyPair:getKeyPair", values{"filters": []any{filter("color", "red")}})
	assert.ErrorContains(t, err, "not modeled")
	require.NoError(t, w.remove(keyPairToken, "me"))
	_, err = w.ask("aws:ec2/getKeyPair:getKeyPair", values{"keyName": "me"})
	w.refused(err, "InvalidKeyPair.NotFound", "me")
}

func TestParameterLookup(t *testing.T) {
	w := newWorld(t, Options{})
	w.make(parameterToken, "s", values{"name": "/s", "type": "SecureString", "value": "secret"})
	w.make(parameterToken, "p", values{"name": "/p", "type": "String", "value": "plain"})
	get := func(name string, in values) values {
		out, err := w.ask("aws:ssm/getParameter:getParameter", with(in, "name", name))
		require.NoError(t, err)
		return out
	}
	assert.Equal(t, "secret", get("/s", values{}).text("value"))
	assert.Empty(t, get("/s", values{}).text("insecureValue"))
	assert.NotEqual(t, "secret", get("/s", values{"withDecryption": false}).text("value"))
	assert.Equal(t, "plain", get("/p", values{}).text("insecureValue"))
	assert.Regexp(t, "^ami-0[0-9a-f]{16}$", get(ubuntu, values{}).text("value"))
	_, err := w.ask("aws:ssm/getParameter:getParameter", values{})
	assert.ErrorContains(t, err, `property "name": missing required property`)
}

func TestQuotaAndTypeLookups(t *testing.T) {
	w := newWorld(t, Options{})
	out, err := w.ask("aws:servicequotas/getServiceQuota:getServiceQuota", values{"serviceCode": "ec2", "quotaName": "EC2-VPC Elastic IPs"})
	require.NoError(t, err)
	assert.Equal(t, 5, out.whole("value"))
	_, err = w.ask("aws:servicequotas/getServiceQuota:getServiceQuota", values{"serviceCode": "vpc", "quotaCode": QuotaStandardVCPUs})
	w.refused(err, "NoSuchResourceException", QuotaStandardVCPUs)
	arm, err := w.ask("aws:ec2/getInstanceType:getInstanceType", values{"instanceType": "t4g.large"})
	require.NoError(t, err)
	assert.Equal(t, 1, arm.whole("defaultThreadsPerCore"))
	assert.Equal(t, []string{"arm64"}, arm.texts("supportedArchitectures"))
	_, err = w.ask("aws:ec2/getInstanceType:getInstanceType", values{"instanceType": "t9.large"})
	w.refused(err, "InvalidParameterValue", "t9.large")
}

func TestImageLookup_OwnerAndIdentifier(t *testing.T) {
	w := build(t, Options{})
	own := w.c.MakeImage("ours", "x86_64", 20)
	find := func(id string, owners ...string) (values, error) {
		return w.ask("aws:ec2/getAmi:getAmi", values{"owners": anyList(owners), "filters": []any{filter("image-id", id)}})
	}
	out, err := find(own, "self")
	require.NoError(t, err)
	assert.Equal(t, own, out.text("imageId"))
	assert.Equal(t, "x86_64", out.text("architecture"))
	_, err = find(w.image, "self")
	require.ErrorContains(t, err, "returned no results", "Canonical's image is not the account's own")
	_, err = find(w.image, canonicalOwner)
	require.NoError(t, err)
	_, err = w.ask("aws:ec2/getAmi:getAmi", values{"owners": anyList([]string{canonicalOwner})})
	require.ErrorContains(t, err, "more than one result")
}

func TestObjectsLookup(t *testing.T) {
	w := newWorld(t, Options{})
	b := w.make(bucketToken, "dumps", values{})
	for _, key := range []string{"a/2", "b/1", "a/1", "a/3"} {
		require.NoError(t, w.c.PutObject(b, key, nil))
	}
	const token = "aws:s3/getObjects:getObjects"
	out, err := w.ask(token, values{"bucket": b, "prefix": "a/", "maxKeys": 2.0})
	require.NoError(t, err)
	assert.Equal(t, []string{"a/1", "a/2"}, out.texts("keys"))
	out, err = w.ask(token, values{"bucket": b})
	require.NoError(t, err)
	assert.Len(t, out.texts("keys"), 4)
	_, err = w.ask(token, values{"bucket": "nobodys"})
	w.refused(err, "NoSuchBucket", "nobodys")
}
