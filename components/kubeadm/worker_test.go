package kubeadm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

const (
	workerScript  = "/usr/local/lib/kubeadm-bootstrap/worker.sh"
	joinParameter = "/dev/join/k8s-redis"
)

// newWorker is a worker with a blank disk of 16 MiB, in a cluster that is ready to be joined.
func newWorker(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, workerConfig())
	m.attachDisk()
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
	require.False(t, m.exists("/etc/kubeadm/discovery.conf"), "the join data were left on the disk")
	require.Equal(t, "SecureString alias/dev", m.aws.kinds[joinParameter]+" "+m.aws.keys[joinParameter])
	require.Empty(t, m.aws.keys[kubeadm.StatusParameter("dev", "k8s-redis")], "a String has no key")
	require.NotContains(t, m.aws.values[joinParameter], "PRIVATE KEY")
}

func TestWorker_LateAnswer(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.unanswered = 3
	output := m.requireRun(workerScript)
	require.Equal(t, 1, strings.Count(output, "has not answered the request in /dev/join/k8s-redis"), "told more than once: %s", output)
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))
}

// A control plane may answer late, or with an authority that it has lost meanwhile: the worker asks anew, with a new key.
func TestWorker_UselessAnswer(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.badAnswers = 1
	output := m.requireRun(workerScript)
	require.Contains(t, output, "the certificate has expired")
	require.Equal(t, 2, strings.Count(m.read("/calls"), "kubeadm join"))
}

// An answer to somebody else's key, e.g. to that of the instance before, is no answer.
func TestWorker_StaleAnswer(t *testing.T) {
	t.Parallel()
	before, m := newWorker(t), newWorker(t)
	before.requireRun(workerScript)
	m.aws.do(func() { m.aws.values[joinParameter] = before.aws.values[joinParameter] })
	m.requireRun(workerScript)
	require.NotEqual(t, before.aws.values[joinParameter], m.aws.values[joinParameter])
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))
}

func TestWorker_Timeout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(m *machine)
		want string
	}{
		"never answered": {func(m *machine) { m.aws.unanswered = 100 }, "has not answered the request in /dev/join/k8s-redis"},
		"not allowed":    {func(m *machine) { m.aws.denied = true }, "AccessDeniedException"},
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

// After a failed attempt the worker asks anew. If its time ends in that wait, the failure is reported, not the wait.
func TestWorker_TimeoutNamesTheFailure(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.badAnswers, m.aws.silentAfter = 1, true
	m.command("sleep", `! grep -q "^kubeadm join" "$ROOT/calls" || /bin/sleep 10`)
	m.env = []string{"JOIN_WAIT=10"}
	output, err := m.run(workerScript)
	require.Error(t, err)
	require.Contains(t, output, "not joined within 10 s: kubeadm join failed: Unauthorized: the certificate has expired")
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

// A worker that was off until its certificate had expired joins anew at its next boot.
func TestWorker_ExpiredCertificate(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	m.reboot()
	output, err = m.boot()
	require.NoError(t, err, output)
	require.Equal(t, 1, strings.Count(m.read("/calls"), "kubeadm join"))

	m.write("/var/lib/kubelet/pki/kubelet-client-current.pem", expiredCertificate(t))
	m.reboot()
	output, err = m.boot()
	require.NoError(t, err, output)
	require.Contains(t, output, "kubelet's certificate has expired: joining anew")
	require.Equal(t, 2, strings.Count(m.read("/calls"), "kubeadm join"))
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
}

// expiredCertificate ended an hour ago.
func expiredCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestHost_Limits(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.requireRun(userdata.ScriptsDir + "/host.sh")
	target, err := os.Readlink(m.path("/etc/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf"))
	require.NoError(t, err, "unattended-upgrades would cut the shutdown of pods off")
	require.Equal(t, "/dev/null", target)
	require.Contains(t, m.read("/etc/sysctl.d/99-kubernetes.conf"), "\nfs.inotify.max_user_instances = 8192\n")

	m.requireRun(userdata.ScriptsDir + "/containerd.sh")
	require.Equal(t, "[Service]\nLimitNOFILE=65536:524288\n", m.read("/etc/systemd/system/containerd.service.d/10-limits.conf"))
	reload, restart := slices.Index(m.calls(), "systemctl daemon-reload"), slices.Index(m.calls(), "systemctl restart containerd")
	require.GreaterOrEqual(t, reload, 0)
	require.Less(t, reload, restart)
}

// cloud-init writes 50-cloud-init.conf, and sshd takes the first value that it reads.
func TestHost_SSHByKeyAlone(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.requireRun(userdata.ScriptsDir + "/host.sh")
	files, err := filepath.Glob(m.path("/etc/ssh/sshd_config.d/*"))
	require.NoError(t, err)
	require.Equal(t, []string{m.path("/etc/ssh/sshd_config.d/00-keys-only.conf")}, files)
	require.Equal(t, `PermitRootLogin no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowAgentForwarding no
X11Forwarding no
MaxAuthTries 3
`, m.read("/etc/ssh/sshd_config.d/00-keys-only.conf"))
	require.Contains(t, m.calls(), "systemctl reload ssh.service", "a server that runs would keep the old settings")
}

// Pods on the host's network must not reach the metadata service.
func TestMetadata_RootAlone(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("iptables", `[ "$2" = -C ] && [ ! -e "$ROOT/rule" ] && exit 1; touch "$ROOT/rule"`)
	m.requireRun(userdata.ScriptsDir + "/metadata.sh")
	address, port, err := net.SplitHostPort(strings.TrimPrefix(m.aws.URL, "http://"))
	require.NoError(t, err)
	rule := " OUTPUT -d " + address + " -p tcp --dport " + port + " -m owner ! --uid-owner 0 -j REJECT"
	require.Equal(t, []string{"iptables -w -C" + rule, "iptables -w -I" + rule}, m.calls())
	m.requireRun(userdata.ScriptsDir + "/metadata.sh")
	require.Equal(t, "iptables -w -C"+rule, m.calls()[2])
	require.Len(t, m.calls(), 3)

	unit := m.read("/etc/systemd/system/kubeadm-metadata.service")
	require.Contains(t, unit, "ExecStart="+userdata.ScriptsDir+"/metadata.sh\n")
	require.Contains(t, unit, "\nBefore=kubelet.service\n")
	output, err := m.boot()
	require.NoError(t, err, output)
	installed := slices.IndexFunc(m.calls(), func(call string) bool { return strings.Contains(call, " kubelet=") })
	require.Greater(t, slices.Index(m.calls(), "systemctl enable --now kubeadm-metadata.service"), installed, "iptables comes with kubelet's package")
}

func TestMetadata_SliceOfPods(t *testing.T) {
	t.Parallel()
	const path = "/etc/systemd/system/kubepods.slice.d/10-metadata.conf"
	config := workerConfig()
	text, err := decode(t, render(t, config)).File(path)
	require.NoError(t, err)
	require.Equal(t, "[Slice]\nIPAddressDeny=169.254.169.254\n", text)
}

func TestScripts_SecretsNotInProcessList(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("curl", `/usr/bin/curl "$@"`)
	m.command("python3", `/usr/bin/python3 "$@"`)
	m.requireRun(workerScript)
	calls := m.read("/calls")
	require.Contains(t, calls, "curl ")
	for _, secret := range []string{secretKey, sessionKey, imdsToken, "PRIVATE KEY"} {
		require.NotContains(t, calls, secret)
	}
}

// kubelet reports the machine's address and its name in AWS, on either kind of node and before it starts.
func TestKubelet_Flags(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]any{"worker": workerConfig(), "control plane": controlPlaneConfig()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, config)
			m.attachDisk()
			m.aws.slowMetadata = 1
			m.command("systemctl", `[ "$*" != "start kubelet" ] || [ -s "$ROOT/etc/default/kubelet" ]`)
			output, err := m.boot()
			require.NoError(t, err, output)
			require.Equal(t, "KUBELET_EXTRA_ARGS=--node-ip=10.1.3.7 --provider-id=aws:///ap-northeast-2c/"+instanceID+"\n", m.read("/etc/default/kubelet"))
		})
	}
}
