package kubeadm_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

// accessParameters are those with a kubeconfig.
var accessParameters = []string{"/dev/kubeconfig", "/dev/access/admin", "/dev/access/reader", "/dev/access/previewer"}

// groups are the groups of the published kubeconfigs, in the order of their making.
func (m *machine) groups() []string {
	var found []string
	for _, call := range m.calls() {
		if match := regexp.MustCompile(`^kubeadm kubeconfig user .* --client-name (\S+) --org (\S+) --validity-period 336h0m0s$`).FindStringSubmatch(call); match != nil {
			found = append(found, match[2])
		}
	}
	return found
}

func TestPublish_OneIdentityEach(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.requireRun(publishScript)
	groups := m.groups()
	require.Len(t, groups, 4)
	for i, identity := range []string{"deployer", "admin", "reader", "previewer"} {
		require.Regexp(t, "^dev:"+identity+":[0-9]+$", groups[i])
	}
	for identity, role := range map[string]string{"deployer": "cluster-admin", "admin": "cluster-admin", "reader": "view", "previewer": "view"} {
		binding := m.read("/bindings/dev:" + identity)
		require.Contains(t, binding, "kind: ClusterRole, name: "+role+"}")
		require.Equal(t, 1, strings.Count(binding, "kind: Group"), "an earlier group keeps its rights")
	}
	require.NotContains(t, m.read("/calls"), "cluster-admins", "rights of kubeadm's own group cannot be revoked")
}

func TestPublish_RenewedBeforeExpiry(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.requireRun(publishScript)
	m.aws.do(func() { m.aws.values["/dev/kubeconfig"], m.aws.values["/dev/access/admin"] = "untouched", "untouched" })
	m.requireRun(publishScript)
	require.Equal(t, "untouched", m.aws.values["/dev/kubeconfig"], "a good kubeconfig was published again")

	m.write("/etc/kubernetes/published-deployer.conf", kubeconfigLasting(t, 239*time.Hour))
	m.requireRun(publishScript)
	var message kubeadm.KubeconfigMessage
	require.NoError(t, json.Unmarshal([]byte(m.aws.values["/dev/kubeconfig"]), &message))
	require.Equal(t, m.read("/kubeconfig"), message.Kubeconfig)
	require.Equal(t, "untouched", m.aws.values["/dev/access/admin"])
	groups := m.groups()
	require.Equal(t, groups[0], groups[4], "a renewal takes the rights of a kubeconfig that somebody uses")
}

func TestPublish_Revoked(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.requireRun(publishScript)
	m.aws.do(func() { m.aws.values["/dev/kubeconfig"], m.aws.values["/dev/access/admin"] = "untouched", "leaked" })
	m.requireRunWith(publishScript, "--revoke", "admin")
	groups := m.groups()
	require.Len(t, groups, 5)
	require.NotContains(t, m.read("/bindings/dev:admin"), groups[slices.IndexFunc(groups, func(g string) bool { return strings.HasPrefix(g, "dev:admin:") })])
	require.Contains(t, m.read("/bindings/dev:admin"), groups[4])
	require.NotEqual(t, "leaked", m.aws.values["/dev/access/admin"])
	require.Equal(t, "untouched", m.aws.values["/dev/kubeconfig"])

	output, err := m.runWith(publishScript, "--revoke", "nobody")
	require.Error(t, err)
	require.Contains(t, output, "there is no identity nobody")
}

func TestPublish_KubeconfigTooLarge(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.write("/kubeconfig", "x: "+base64.StdEncoding.EncodeToString(make([]byte, 4000)))
	output, err := m.run(publishScript)
	require.Error(t, err)
	require.Contains(t, output, "at most 4096")
}

// AWS verifies the pods' tokens with the keys that the API server serves.
func TestPublish_KeysOfTokens(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.IssuerBucket = backupBucket
	m := newMachine(t, config)
	m.attachDisk()
	m.requireRun(publishScript)
	require.Equal(t, map[string][]byte{kubeadm.KeysKey: []byte("{\"keys\":[\"public\"]}\n")}, m.aws.bucket.objects)

	m.aws.do(func() { m.aws.bucket.denied, m.aws.values["/dev/kubeconfig"] = []string{"PUT"}, "untouched" })
	output, err := m.run(publishScript)
	require.Error(t, err)
	require.Contains(t, output, "the keys of service account tokens could not be published in bucket "+backupBucket)
}
