package kubeadm_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const (
	controlPlaneScript = "/usr/local/lib/kubeadm-bootstrap/control-plane.sh"
	renewScript        = "/usr/local/lib/kubeadm-bootstrap/renew.sh"
	publishScript      = "/usr/local/lib/kubeadm-bootstrap/publish.sh"
	stateDir           = "/var/lib/control-plane"
)

// newControlPlane is a control plane with a blank disk of 16 MiB.
func newControlPlane(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, controlPlaneConfig())
	m.attachDisk()
	return m
}

// requireRun runs a script, which must succeed.
func (m *machine) requireRun(script string) string {
	m.t.Helper()
	output, err := m.run(script)
	require.NoError(m.t, err, output)
	return output
}

func (m *machine) requireRunWith(script string, arguments ...string) string {
	m.t.Helper()
	output, err := m.runWith(script, arguments...)
	require.NoError(m.t, err, output)
	return output
}

func TestControlPlane_BootsAndPublishes(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	output, err := m.boot()
	require.NoError(t, err, output)

	status := m.lastStatus()
	require.Equal(t, kubeadm.PhaseReady, status.Phase)
	require.Empty(t, status.Reason)
	var steps []string
	for _, text := range m.aws.statuses {
		steps = append(steps, parseStatus(t, text).Step)
	}
	require.Equal(t, []string{"host", "packages", "containerd", "kubelet", "data-disk", "restore", "control-plane", "renew", "publish", "ready"}, steps)

	for _, parameter := range accessParameters {
		var message kubeadm.KubeconfigMessage
		require.Equal(t, "SecureString", m.aws.kinds[parameter])
		require.NoError(t, json.Unmarshal([]byte(m.aws.values[parameter]), &message))
		require.Equal(t, kubeadm.KubeconfigMessage{InstanceID: instanceID, Kubeconfig: m.read("/kubeconfig")}, message)
	}

	requirePreparedHost(t, m)
}

func requirePreparedHost(t *testing.T, m *machine) {
	t.Helper()
	calls := m.calls()
	for _, call := range []string{
		"swapoff -a",
		"sysctl -p " + m.path("/etc/sysctl.d/99-kubernetes.conf"),
		"apt-mark hold containerd.io kubeadm",
		"apt-mark hold kubelet kubectl",
		"systemctl restart containerd",
		"systemctl enable --now kubeadm-renew.timer",
		"systemctl enable --now kubeadm-approve.service",
		"systemctl enable --now kubeadm-backup.timer",
		"mount " + stateDir,
		"kubeadm init --config " + m.path("/etc/kubeadm/kubeadm.yaml") + " --skip-token-print --ignore-preflight-errors=DirAvailable--var-lib-control-plane-etcd",
	} {
		require.Contains(t, calls, call)
	}
	for _, packages := range []string{"containerd.io=2.2.* kubeadm=1.36.3-1.1 cri-tools", "kubelet=1.36.3-1.1 kubectl=1.36.3-1.1"} {
		installed := slices.IndexFunc(calls, func(call string) bool {
			return strings.HasPrefix(call, "apt-get") && strings.HasSuffix(call, packages)
		})
		require.Positive(t, installed, "the exact versions were not installed: %v", calls)
	}
	require.Contains(t, m.read("/etc/fstab"), "\n#/swap.img", "swap would be back after a reboot")
}

func TestControlPlane_ReplacedRecoversCluster(t *testing.T) {
	t.Parallel()
	lost := newControlPlane(t)
	lost.requireRun(controlPlaneScript)
	authority := lost.read(stateDir + "/pki/ca.crt")
	lost.write(stateDir+"/etcd/member/wal", "objects written before")

	replacement := newControlPlane(t)
	replacement.env = []string{"SEED=another"} // a new authority would differ
	require.NoError(t, os.MkdirAll(replacement.path("/var/lib"), 0o755))
	require.NoError(t, os.Rename(lost.path(stateDir), replacement.path(stateDir)))
	replacement.requireRun(controlPlaneScript)
	require.Equal(t, authority, replacement.read(stateDir+"/pki/ca.crt"))
	require.Equal(t, "objects written before", replacement.read(stateDir+"/etcd/member/wal"))
}

func TestControlPlane_AuthorityMissing(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.write(stateDir+"/etcd/member/wal", "precious")
	output, err := m.run(controlPlaneScript)
	require.Error(t, err)
	require.Contains(t, output, "pki/ca.crt is missing")
	require.Equal(t, "precious", m.read(stateDir+"/etcd/member/wal"))
	require.NotContains(t, m.read("/calls"), "kubeadm init")
}

func TestControlPlane_PartialCertificatesDropped(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.write(stateDir+"/pki/ca.key", "half")
	m.write(stateDir+"/pki/apiserver.crt", "half")
	m.requireRun(controlPlaneScript)
	require.NotEqual(t, "half", m.read(stateDir+"/pki/ca.key"))
}

// kubeadm lets whoever has a bootstrap token become any node. Nothing of that may stay.
func TestControlPlane_NoWayInWithToken(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.requireRun(controlPlaneScript)
	kubectl := "kubectl --kubeconfig " + m.path("/etc/kubernetes/admin.conf") + " delete --ignore-not-found --wait=false "
	for _, call := range []string{
		"clusterrolebinding kubeadm:kubelet-bootstrap kubeadm:node-autoapprove-bootstrap kubeadm:get-nodes",
		"-n kube-public rolebinding kubeadm:bootstrap-signer-clusterinfo",
		"-n kube-system secret --field-selector type=bootstrap.kubernetes.io/token",
	} {
		require.Contains(t, m.calls(), kubectl+call)
	}
	require.NotContains(t, m.read("/calls"), "kubeadm token")
	require.Contains(t, m.read("/etc/kubeadm/kubeadm.yaml"), "- name: enable-bootstrap-token-auth\n    value: \"false\"")
}

// certificates writes leaf certificates that last the given days, and an authority.
func (m *machine) certificates(days string, names ...string) {
	m.t.Helper()
	pki := m.path(stateDir + "/pki")
	require.NoError(m.t, os.MkdirAll(pki+"/etcd", 0o755))
	for _, name := range names {
		out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days,
			"-subj", "/CN=test", "-keyout", pki+"/"+name+".key", "-out", pki+"/"+name+".crt").CombinedOutput()
		require.NoError(m.t, err, string(out))
	}
	require.NoError(m.t, os.MkdirAll(m.path("/etc/kubernetes"), 0o755))
}

// renewals are the calls of a renewal, in order.
func (m *machine) renewals() []string {
	var calls []string
	for _, call := range m.calls() {
		if strings.HasPrefix(call, "kubeadm certs renew") || strings.HasPrefix(call, "crictl stop") {
			calls = append(calls, strings.TrimSuffix(call, " --config "+m.path("/etc/kubeadm/kubeadm.yaml")))
		}
	}
	return calls
}

var wholeRenewal = []string{
	"kubeadm certs renew all", "crictl stop --timeout 30 etcd-0", "crictl stop --timeout 30 kube-apiserver-0",
	"crictl stop --timeout 30 kube-controller-manager-0", "crictl stop --timeout 30 kube-scheduler-0",
}

func TestRenew_CertificatesAndPods(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.command("crictl", fakePods)
	m.command("curl", "exit 0")
	m.certificates("91", "apiserver", "etcd/server")
	m.certificates("1", "ca", "etcd/ca", "front-proxy-ca")
	m.requireRun(renewScript)
	require.Empty(t, m.renewals(), "nothing is due, and an authority is not renewed")

	m.certificates("89", "etcd/server")
	output := m.requireRun(renewScript)
	require.Equal(t, wholeRenewal, m.renewals())
	require.Contains(t, output, "kube-scheduler runs with its new certificate")
	m.requireRun(renewScript)
	require.Equal(t, wholeRenewal, m.renewals(), "renewed twice")
}

// A pod that does not come back ends the renewal before the next is stopped; the next run goes on.
func TestRenew_PodStaysDown(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.command("crictl", fakePods)
	m.command("curl", `[ ! -e "$ROOT/down" ]`)
	m.certificates("89", "apiserver")
	m.write("/down", "")
	m.env = []string{"POD_WAIT=0"}
	output, err := m.run(renewScript)
	require.Error(t, err)
	require.Contains(t, output, "etcd is not healthy 0 s after its restart")
	require.Equal(t, wholeRenewal[:2], m.renewals())

	require.NoError(t, os.Remove(m.path("/down")))
	m.env = nil
	m.requireRun(renewScript)
	require.Equal(t, []string{"kubeadm certs renew all", "crictl stop --timeout 30 etcd-0", "crictl stop --timeout 30 etcd-1"}, m.renewals()[:3])
	require.Len(t, m.renewals(), 6)
}

func TestRenew_ExpiryMetrics(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.certificates("100", "apiserver", "etcd/server")
	m.write(stateDir+"/pki/ca.crt", "no certificate")
	m.requireRun(renewScript)
	text, err := os.ReadFile(m.path("/var/lib/node-exporter/kubeadm.prom"))
	require.NoError(t, err)
	var apiserver, etcd int64
	_, err = fmt.Sscanf(string(text), "kubeadm_certificate_expiry_timestamp_seconds{certificate=\"apiserver\"} %d\n"+
		"kubeadm_certificate_expiry_timestamp_seconds{certificate=\"etcd-server\"} %d\n", &apiserver, &etcd)
	require.NoError(t, err, string(text))
	require.InDelta(t, time.Now().Add(100*24*time.Hour).Unix(), apiserver, 120)
	require.Equal(t, apiserver/1000, etcd/1000)
}
