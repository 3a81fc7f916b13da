package stacks

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
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

// create makes a resource of an earlier update.
func create(t *testing.T, c *awssim.Cloud, token, name string, inputs map[string]any) {
	t.Helper()
	client, problems := c.NewClient(nil)
	require.Empty(t, problems)
	checked, problems, err := client.Check(token, name, resource.NewPropertyMapFromMap(inputs), nil, nil)
	require.NoError(t, err)
	require.Empty(t, problems)
	_, _, err = client.Create(token, name, checked)
	require.NoError(t, err)
}

// withVPC makes the VPC of the stack dev.
func withVPC(t *testing.T, c *awssim.Cloud) {
	create(t, c, "aws:ec2/vpc:Vpc", "growbin-dev", map[string]any{"cidrBlock": "10.1.0.0/16", "tags": map[string]any{clusterTag: "growbin-dev"}})
}

// withReport makes the status of a node, and with it a cluster that it is part of. It is read by the preflight alone: the program
// makes a parameter of that name, so the test ends there.
func withReport(t *testing.T, c *awssim.Cloud, node, report string) {
	create(t, c, "aws:ssm/parameter:Parameter", node, map[string]any{
		"name": kubeadm.StatusParameter("growbin-dev", node), "type": "String", "value": report,
	})
}

func statusOf(t *testing.T, phase string) string {
	text, err := json.Marshal(kubeadm.StatusMessage{InstanceID: "i-1", Phase: phase, Step: "join"})
	require.NoError(t, err)
	return string(text)
}

// byStash groups facts by the Stash that holds them.
func byStash(t *testing.T, facts, names map[string]string) map[string]map[string]any {
	t.Helper()
	grouped := map[string]map[string]any{}
	for field, was := range facts {
		require.Contains(t, names, field)
		if grouped[names[field]] == nil {
			grouped[names[field]] = map[string]any{}
		}
		grouped[names[field]][field] = was
	}
	return grouped
}

func assertNothingRegistered(t *testing.T, w *world) {
	t.Helper()
	for _, r := range w.mocks.All() {
		assert.False(t, strings.HasPrefix(r.Type, "aws:"), "%s %s is registered", r.Type, r.Name)
	}
}

// A change of these would replace the network, or reach one half of the cluster.
func TestMemory_ChangesOfALiveStackAreRefused(t *testing.T) {
	_, names := stashed(deploy(t, "dev", nil))
	old := map[string]string{
		"growbin:availabilityZones": "a, b, c", "growbin:vpcCidr": "10.9.0.0/16",
		"growbin:publicSubnetCidrs": "10.9.0.0/24", "growbin:nodeSubnets": "private", "growbin:podCidr": "172.20.0.0/16",
		"growbin:serviceCidr": "172.30.0.0/16", "control plane": "k8s-old", "topology.k8s-master.Zone": "ap-northeast-2b",
		"topology.k8s-redis.Labels": "workload=other", "topology.k8s-redis.Dedicated": "other",
	}
	w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(c *awssim.Cloud, m *mocks.Mocks) {
		withVPC(t, c)
		for name, facts := range byStash(t, old, names) {
			m.Stashed(name, facts)
		}
	})
	for field, was := range old {
		require.ErrorContains(t, err, field+": ", "all are reported together")
		require.ErrorContains(t, err, was)
	}
	require.ErrorContains(t, err, "nothing was changed")
	assertNothingRegistered(t, w)
	for field, name := range names {
		_, tested := old[field]
		assert.True(t, tested || name == stashOfAccount || name == stashOfDeployer || strings.HasPrefix(field, "topology."), "%s has no case", field)
	}
}

// Elsewhere AWS knows nothing of the stack, so this holds without a VPC.
func TestMemory_OtherAccountIsRefusedWithBothNumbers(t *testing.T) {
	_, names := stashed(deploy(t, "dev", nil))
	for field, old := range map[string]string{fieldAccount: "111111111111", "stack": "staging", "growbin:region": "us-east-1"} {
		w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
			for name, facts := range byStash(t, map[string]string{field: old}, names) {
				m.Stashed(name, facts)
			}
		})
		require.ErrorContains(t, err, field+": ")
		require.ErrorContains(t, err, old)
		if field == fieldAccount {
			require.ErrorContains(t, err, `AWS account: "`+w.cloud.AccountID()+`" must be 111111111111`)
		}
		assertNothingRegistered(t, w)
	}
}

// A first update that failed before it built anything binds nothing but the account.
func TestMemory_UnbuiltStackTakesOtherValues(t *testing.T) {
	plain, names := stashed(deploy(t, "dev", nil))
	w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
		for name, facts := range byStash(t, map[string]string{"growbin:podCidr": "172.20.0.0/16", "topology.k8s-redis.Dedicated": "other"}, names) {
			m.Stashed(name, facts)
		}
	})
	require.NoError(t, err)
	now, _ := stashed(w)
	assert.Equal(t, plain, now)
	for _, r := range w.mocks.OfType(stashType) {
		assert.Equal(t, r.Inputs["input"], r.Outputs["output"], "%s is stored anew", r.Name)
	}
}

// A node whose instance never was Ready has no labels yet.
func TestMemory_NodeThatNeverWasReadyTakesOtherLabels(t *testing.T) {
	for phase, bound := range map[string]bool{kubeadm.PhaseReady: true, kubeadm.PhaseFailed: false, kubeadm.PhaseBooting: false, "": false} {
		report := kubeadm.PendingValue
		if phase != "" {
			report = statusOf(t, phase)
		}
		w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(c *awssim.Cloud, m *mocks.Mocks) {
			withVPC(t, c)
			withReport(t, c, nodeRedis, report)
			m.Stashed("built-with-k8s-redis", map[string]any{"topology.k8s-redis.Dedicated": "other"})
		})
		require.Error(t, err, "the VPC and the parameter exist")
		assert.Equal(t, bound, strings.Contains(err.Error(), "topology.k8s-redis.Dedicated: "), "%s: %v", phase, err)
		stash := w.mocks.One(t, stashType, "built-with-k8s-redis")
		assert.Equal(t, !bound, slices.Contains(stash.ReplaceOnChanges, "input"), phase)
	}
}

// A wrong value that only the machine finds, e.g. a version that does not exist, must not stay pinned after it is mended.
func TestMachines_NeverReadyIsNotPinned(t *testing.T) {
	reports := map[string]string{
		nodeRedis: kubeadm.PendingValue, nodePostgreSQL: statusOf(t, kubeadm.PhaseFailed), "k8s-worker-ai": statusOf(t, kubeadm.PhaseBooting),
		nodeRabbitMQ: statusOf(t, kubeadm.PhaseReady),
	}
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	for node, report := range reports {
		withReport(t, cloud, node, report)
	}
	settings, err := decode(t, "dev", nil)
	require.NoError(t, err)
	var live *liveAccount
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		provider, err := awsProvider(ctx, settings, cloud.AccountID())
		if err != nil {
			return err
		}
		live, err = readAccount(ctx, settings, pulumi.Provider(provider))
		return err
	}, pulumi.WithMocks("growbin", "dev", mocks.New(cloud))))
	var rolled []string
	for _, n := range settings.clusterNodes(live) {
		if n.Roll {
			rolled = append(rolled, n.Name)
		}
	}
	assert.ElementsMatch(t, []string{nodeRedis, nodePostgreSQL, "k8s-worker-ai"}, rolled)
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
