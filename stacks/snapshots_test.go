package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// lostVolume deletes a volume of the stack dev of which a snapshot was taken.
func lostVolume(t *testing.T, name string, gib int) func(*awssim.Cloud) {
	return func(c *awssim.Cloud) {
		withVolume(t, name, "ap-northeast-2c", gib)(c)
		client, problems := c.NewClient(nil)
		require.Empty(t, problems)
		for _, r := range []struct {
			kind string
			in   map[string]any
		}{
			{"aws:iam/role:Role", map[string]any{"name": "dlm", "assumeRolePolicy": `{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Principal":{"Service":"dlm.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}},
			{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", map[string]any{
				"role": "dlm", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole",
			}},
			{"aws:dlm/lifecyclePolicy:LifecyclePolicy", map[string]any{
				"description": "earlier", "executionRoleArn": "arn:aws:iam::" + c.AccountID() + ":role/dlm", "policyDetails": map[string]any{
					"resourceTypes": []any{"VOLUME"}, "targetTags": map[string]any{clusterTag: "growbin-dev"}, "schedules": []any{map[string]any{
						"name": "often", "copyTags": true, "createRule": map[string]any{"interval": 6}, "retainRule": map[string]any{"count": 1},
					}},
				},
			}},
		} {
			inputs, problems, err := client.Check(r.kind, "earlier", resource.NewPropertyMapFromMap(r.in), nil, nil)
			require.NoError(t, err)
			require.Empty(t, problems)
			_, _, err = client.Create(r.kind, "earlier", inputs)
			require.NoError(t, err)
		}
		taken, err := c.RunLifecyclePolicies()
		require.NoError(t, err)
		require.Equal(t, 1, taken)
		for _, r := range c.Resources() {
			if r.Type == volumeType {
				require.NoError(t, c.DeleteVolume(r.ID))
			}
		}
	}
}

// snapshotOf returns the snapshot of which the stack's volume of that name was made; empty for a blank one.
func snapshotOf(t *testing.T, w *world, name string) string {
	t.Helper()
	volume := w.mocks.One(t, volumeType, name)
	assert.Contains(t, volume.IgnoreChanges, "snapshotId", "a later update without the snapshot must not replace the volume")
	if id, ok := volume.Inputs["snapshotId"]; ok {
		return id.StringValue()
	}
	return ""
}

func TestSnapshots_LostVolumeIsRestored(t *testing.T) {
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, lostVolume(t, "k8s-redis-data", 10))
	require.NoError(t, err)
	assert.Contains(t, snapshotOf(t, w, "k8s-redis-data"), "snap-")
	assert.Empty(t, snapshotOf(t, w, "k8s-rabbitmq-data"), "it has no snapshot")
}

func TestSnapshots_StartEmpty(t *testing.T) {
	w, err := tryDeployIn(t, "dev", map[string]string{"startEmpty": `["k8s-redis"]`}, awssim.Options{}, lostVolume(t, "k8s-redis-data", 10))
	require.NoError(t, err)
	assert.Empty(t, snapshotOf(t, w, "k8s-redis-data"))
}

func TestSnapshots_LargerThanTheVolumeIsRefused(t *testing.T) {
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, lostVolume(t, "k8s-redis-data", 11))
	require.ErrorContains(t, err, "topology.k8s-redis.DataGiB: 10 must be at least 11, the size of snapshot snap-")
	assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"), "nothing is changed")
}

// The control plane restores its own backups, which make watchers list anew. Other clusters' snapshots are not this one's.
func TestSnapshots_OfOthersAreNotRestored(t *testing.T) {
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, lostVolume(t, "k8s-master-data", 10))
	require.NoError(t, err)
	assert.Empty(t, snapshotOf(t, w, "k8s-master-data"))
	w, err = tryDeployIn(t, "prod", nil, awssim.Options{}, lostVolume(t, "k8s-redis-data", 10))
	require.NoError(t, err)
	assert.Empty(t, snapshotOf(t, w, "k8s-redis-data"))
}

// The volumes of the stores are in the schedule, and no others.
func TestSnapshots_OfTheStores(t *testing.T) {
	w := deploy(t, "dev", nil)
	taken, err := w.cloud.RunLifecyclePolicies()
	require.NoError(t, err)
	assert.Equal(t, 3, taken)
	for _, store := range []string{nodePostgreSQL, nodeRabbitMQ, nodeRedis} {
		assert.Equal(t, "growbin-dev", w.mocks.One(t, volumeType, store+"-data").Value("tags.Snapshots"), store)
	}
}

func TestSnapshots_InvalidSettings(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{"snapshotHours": "5", "startEmpty": `["k8s-worker-ai","k8s-none"]`})
	for _, want := range []string{
		"growbin:snapshotHours: 5 must be one of [1 2 3 4 6 8 12 24], or 0 for none",
		`growbin:startEmpty: "k8s-worker-ai" must name a node with a data volume: k8s-master, k8s-rabbitmq`, `growbin:startEmpty: "k8s-none" must`,
	} {
		assert.ErrorContains(t, err, want)
	}
}
