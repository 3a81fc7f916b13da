package kubeadm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const (
	workerScript = "/usr/local/lib/kubeadm-bootstrap/worker.sh"
	goodJoin     = "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: good\n"
	expiredJoin  = "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: expired\n"
)

// newWorker is a worker with a blank disk of 16 MiB, in a cluster that is ready to be joined.
func newWorker(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, workerConfig())
	m.attachDisk()
	m.aws.join = []string{goodJoin}
	return m
}

func TestWorker_Joins(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
	require.True(t, m.exists("/etc/kubernetes/kubelet.conf"))
	require.Contains(t, m.calls(), "apt-mark hold containerd.io kubeadm")
	require.Contains(t, m.calls(), "apt-mark hold kubelet")
	require.Contains(t, m.read("/etc/fstab"), " /var/lib/redis ext4 ")
	require.False(t, m.exists("/etc/kubeadm/discovery.conf"), "the join token was left on the disk")
}

func TestWorker_LateJoinData(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.join = []string{kubeadm.PendingValue, kubeadm.PendingValue, kubeadm.PendingValue, goodJoin}
	output := m.requireRun(workerScript)
	require.Equal(t, 1, strings.Count(output, "has not published join data in /dev/join"), "told more than once: %s", output)
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))
}

func TestWorker_ExpiredToken(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.join = []string{expiredJoin, goodJoin}
	output := m.requireRun(workerScript)
	require.Contains(t, output, "the token has expired")
	require.Equal(t, 2, strings.Count(m.read("/calls"), "kubeadm join"))
}

func TestWorker_Timeout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(m *machine)
		want string
	}{
		"never published": {func(m *machine) { m.aws.join = []string{kubeadm.PendingValue} }, "has not published join data in /dev/join"},
		"not allowed":     {func(m *machine) { m.aws.denied = true }, "AccessDeniedException"},
		"expired":         {func(m *machine) { m.aws.join = []string{expiredJoin} }, "not joined within 0 s: kubeadm join failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWorker(t)
			m.env = []string{"JOIN_WAIT=0"}
			test.set(m)
			output, err := m.run(workerScript)
			require.Error(t, err)
			require.Contains(t, output, test.want)
		})
	}
}

// kubeadm join ends before kubelet has registered its node, and Pulumi labels the node as soon as the machine is Ready.
func TestWorker_ReadyOnceRegistered(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.unregistered = 2
	m.requireRun(workerScript)
	require.Equal(t, 3, strings.Count(strings.Join(m.aws.calls, "\n"), "node k8s-redis"))
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))

	m.aws.do(func() { m.aws.unregistered = 100 })
	m.env = []string{"NODE_WAIT=0"}
	output, err := m.run(workerScript)
	require.Error(t, err, "a node that is not there")
	require.Contains(t, output, "kubelet has not registered node k8s-redis within 0 s: curl: (22) The requested URL returned error: 404")
}

func TestWorker_AlreadyJoined(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.requireRun(workerScript)
	m.requireRun(workerScript)
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))
	require.Contains(t, m.calls(), "systemctl start kubelet")
}

func TestScripts_SecretsNotInProcessList(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("curl", `/usr/bin/curl "$@"`)
	m.command("python3", `/usr/bin/python3 "$@"`)
	m.requireRun(workerScript)
	calls := m.read("/calls")
	require.Contains(t, calls, "curl ")
	for _, secret := range []string{secretKey, sessionKey, imdsToken, "token: good"} {
		require.NotContains(t, calls, secret)
	}
}
