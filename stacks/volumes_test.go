package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

const volumeType = "aws:ebs/volume:Volume"

// withVolume makes a volume of the stack dev, as an earlier update left it.
func withVolume(t *testing.T, name, zone string, gib int) func(*awssim.Cloud) {
	return func(c *awssim.Cloud) {
		client, problems := c.NewClient(nil)
		require.Empty(t, problems)
		inputs, problems, err := client.Check(volumeType, name, resource.NewPropertyMapFromMap(map[string]any{
			"availabilityZone": zone, "size": gib, "encrypted": true, "type": "gp3",
			"tags": map[string]any{"Name": name, clusterTag: "growbin-dev"},
		}), nil, nil)
		require.NoError(t, err)
		require.Empty(t, problems)
		_, _, err = client.Create(volumeType, "live-"+name, inputs)
		require.NoError(t, err)
	}
}

// A row that moves to another zone, or shrinks, would replace its volume by a blank one.
func TestVolumes_EditsThatLoseDataAreRefused(t *testing.T) {
	row, err := nodeNamed(topology, nodeRedis)
	require.NoError(t, err)
	zones := []string{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"}
	for want, volume := range map[string]func(*awssim.Cloud){
		`topology.k8s-redis.Zone: "ap-northeast-2c" must stay ap-northeast-2b`: withVolume(t, "k8s-redis-data", zones[1], row.DataGiB),
		`topology.k8s-redis.DataGiB: 10 must be at least 11`:                   withVolume(t, "k8s-redis-data", zones[row.Zone], row.DataGiB+1),
		`topology.k8s-redis.RootGiB: 20 must be at least 21`:                   withVolume(t, "k8s-redis-root", zones[row.Zone], row.RootGiB+1),
	} {
		w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, volume)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "Add a row with another name")
		assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"), "nothing is changed")
	}
}

func TestVolumes_GrowthIsAllowed(t *testing.T) {
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, withVolume(t, "k8s-redis-data", "ap-northeast-2c", 1))
	require.NoError(t, err)
	assert.Equal(t, 10.0, w.mocks.One(t, volumeType, "k8s-redis-data").Inputs["size"].NumberValue())
}

// A volume whose row was removed or renamed stays a resource of the stack, so that the update does not delete it.
func TestVolumes_OutliveTheirRow(t *testing.T) {
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, withVolume(t, "k8s-cache-data", "ap-northeast-2b", 77))
	require.NoError(t, err)
	kept := w.mocks.One(t, volumeType, "k8s-cache-data")
	assert.Equal(t, 77.0, kept.Inputs["size"].NumberValue())
	assert.Equal(t, "ap-northeast-2b", kept.Inputs["availabilityZone"].StringValue())
	other := w.mocks.One(t, volumeType, "k8s-redis-data")
	parents := func(urn string) string { return string(resource.URN(urn).QualifiedType()) }
	assert.Equal(t, parents(other.URN), parents(kept.URN), "it is the resource that the row had registered")
	_, attached := w.mocks.Named("aws:ec2/volumeAttachment:VolumeAttachment", "k8s-cache-data")
	assert.False(t, attached)
	_, ran := w.mocks.Named(instanceType, "k8s-cache")
	assert.False(t, ran)
}

func TestVolumes_OfOtherClustersAreLeftAlone(t *testing.T) {
	w, err := tryDeployIn(t, "prod", nil, awssim.Options{}, withVolume(t, "k8s-cache-data", "ap-northeast-2b", 77))
	require.NoError(t, err)
	_, registered := w.mocks.Named(volumeType, "k8s-cache-data")
	assert.False(t, registered)
}
