package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNetworkLookups_Filters(t *testing.T) {
	w := build(t, Options{})
	other := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16", "tags": values{"Stage": "dev"}})
	address := w.make(addressToken, "one", values{"tags": values{"Stage": "dev"}})
	w.make(addressToken, "two", values{})
	for token, want := range map[string]struct{ list, id string }{
		"aws:ec2/getVpcs:getVpcs": {"ids", other}, "aws:ec2/getEips:getEips": {"allocationIds", address},
	} {
		for _, in := range []values{
			{"tags": values{"Stage": "dev"}}, {"filters": []any{filter("tag:Stage", "d*")}}, {"filters": []any{filter("tag-key", "Stage")}},
		} {
			out, err := w.ask(token, in)
			require.NoError(t, err)
			assert.Equal(t, []string{want.id}, out.texts(want.list), in)
		}
		all, err := w.ask(token, nil)
		require.NoError(t, err)
		assert.Len(t, all.texts(want.list), 2)
		_, err = w.ask(token, values{"filters": []any{filter("color", "red")}})
		require.ErrorContains(t, err, `the filter "color" is not modeled`)
	}
	byRange, err := w.ask("aws:ec2/getVpcs:getVpcs", values{"filters": []any{filter("cidr", "10.9.0.0/16")}})
	require.NoError(t, err)
	assert.Equal(t, []string{other}, byRange.texts("ids"))
}

func TestOfferingsLookup_ByZone(t *testing.T) {
	w := newWorld(t, Options{Unoffered: map[string][]string{"ap-northeast-2b": {"t3.small"}}})
	const token = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
	out, err := w.ask(token, values{"locationType": "availability-zone", "filters": []any{filter("instance-type", "t3.small")}})
	require.NoError(t, err)
	assert.Equal(t, []string{"ap-northeast-2a", "ap-northeast-2c", "ap-northeast-2d"}, out.texts("locations"))
	assert.Equal(t, []string{"t3.small", "t3.small", "t3.small"}, out.texts("instanceTypes"))
	out, err = w.ask(token, values{"filters": []any{filter("instance-type", "t3.small"), filter("location", "ap-*")}})
	require.NoError(t, err)
	assert.Equal(t, []string{"ap-northeast-2"}, out.texts("locations"))
	_, err = w.ask(token, values{"filters": []any{filter("color", "red")}})
	assert.ErrorContains(t, err, "not modeled")
}

func TestParametersLookup_BelowAPath(t *testing.T) {
	w := newWorld(t, Options{})
	for name, kind := range map[string]string{"/dev/nodes/one": "String", "/dev/nodes/deep/two": "String", "/dev/join": "SecureString", "/devs/x": "String"} {
		w.make(parameterToken, name, values{"name": name, "type": kind, "value": "v of " + name})
	}
	const token = "aws:ssm/getParametersByPath:getParametersByPath"
	out, err := w.ask(token, values{"path": "/dev/nodes"})
	require.NoError(t, err)
	assert.Equal(t, []string{"/dev/nodes/one"}, out.texts("names"))
	assert.Equal(t, []string{"v of /dev/nodes/one"}, out.texts("values"))
	out, err = w.ask(token, values{"path": "/dev", "recursive": true, "withDecryption": false})
	require.NoError(t, err)
	assert.Equal(t, []string{"/dev/join", "/dev/nodes/deep/two", "/dev/nodes/one"}, out.texts("names"))
	assert.Equal(t, "(encrypted)", out.texts("values")[0])
}

func TestMakeSpot_LeavesTheOnDemandQuota(t *testing.T) {
	w := build(t, Options{Quotas: map[string]float64{QuotaStandardVCPUs: 2}})
	one := w.machine("one", nil)
	require.NoError(t, w.c.MakeSpot(one))
	require.NoError(t, w.c.MakeSpot(one))
	w.machine("two", nil)
	w.machine("three", values{"instanceType": "inf1.xlarge"})
	out, err := w.ask("aws:ec2/getInstances:getInstances", values{"filters": []any{filter("instance-lifecycle", "spot")}})
	require.NoError(t, err)
	assert.Equal(t, []string{one}, out.texts("ids"))
	assert.ErrorContains(t, w.c.MakeSpot("nothing"), `"nothing"`)
}
