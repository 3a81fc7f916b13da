package stacks

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const stashType = "pulumi:index:Stash"

// stashed returns the facts that a clean deployment stores, by field, with the name of their stash.
func stashed(w *world) (facts map[string]any, names map[string]string) {
	facts, names = map[string]any{}, map[string]string{}
	for _, r := range w.mocks.OfType(stashType) {
		for field, value := range r.Inputs["input"].ObjectValue().Mappable() {
			facts[field], names[field] = value, r.Name
		}
	}
	return facts, names
}

// A change of these would replace the network, or reach one half of the cluster.
func TestMemory_ChangesOfALiveStackAreRefused(t *testing.T) {
	_, names := stashed(deploy(t, "dev", nil))
	old := map[string]string{
		fieldAccount: "111111111111",
		"stack":      "staging", "growbin:region": "us-east-1", "growbin:availabilityZones": "a, b, c", "growbin:vpcCidr": "10.9.0.0/16",
		"growbin:publicSubnetCidrs": "10.9.0.0/24", "growbin:nodeSubnets": "private", "growbin:podCidr": "172.20.0.0/16",
		"growbin:serviceCidr": "172.30.0.0/16", "control plane": "k8s-old", "topology.k8s-master.Zone": "ap-northeast-2b",
		"topology.k8s-redis.Labels": "workload=other", "topology.k8s-redis.Dedicated": "other",
	}
	w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
		byStash := map[string]map[string]any{}
		for field, was := range old {
			require.Contains(t, names, field)
			if byStash[names[field]] == nil {
				byStash[names[field]] = map[string]any{}
			}
			byStash[names[field]][field] = was
		}
		for name, facts := range byStash {
			m.Stashed(name, facts)
		}
	})
	for field, was := range old {
		require.ErrorContains(t, err, field+": ", "all are reported together")
		require.ErrorContains(t, err, was)
	}
	require.ErrorContains(t, err, `AWS account: "`+w.cloud.AccountID()+`" must be 111111111111`)
	for _, r := range w.mocks.All() {
		assert.False(t, strings.HasPrefix(r.Type, "aws:"), "%s %s is registered", r.Type, r.Name)
	}
	for field := range names {
		_, tested := old[field]
		assert.True(t, tested || strings.HasPrefix(field, "topology."), "%s has no case", field)
	}
}

// Also a refresh, which does not run the program, must meet the right account.
func TestMemory_ProviderIsBoundToTheAccount(t *testing.T) {
	w := deploy(t, "dev", nil)
	provider := w.mocks.One(t, "pulumi:providers:aws", "aws")
	assert.Contains(t, provider.Inputs["allowedAccountIds"].String(), w.cloud.AccountID())
}

// The settings themselves are the facts, each under its own key.
func TestMemory_SettingsAreTheFacts(t *testing.T) {
	plain, _ := stashed(deploy(t, "dev", nil))
	for setting, value := range map[string]string{"podCidr": "172.20.0.0/16", "serviceCidr": "172.31.0.0/16"} {
		facts, _ := stashed(deploy(t, "dev", map[string]string{setting: value}))
		expected := maps.Clone(plain)
		expected[ConfigPrefix+setting] = value
		assert.Equal(t, expected, facts)
	}
}
