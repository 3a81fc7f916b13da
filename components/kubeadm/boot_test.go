package kubeadm_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

// machines makes one of each role.
var machines = map[string]func(t *testing.T) *machine{"control plane": newControlPlane, "worker": newWorker}

func TestBoot_SecondIsNoOp(t *testing.T) {
	t.Parallel()
	for role, newOne := range machines {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			m := newOne(t)
			output, err := m.boot()
			require.NoError(t, err, output)
			files, calls, requests := m.files(), m.calls(), len(m.aws.calls)
			m.reboot()
			output, err = m.boot()
			require.NoError(t, err, output)
			require.Empty(t, output)
			require.Equal(t, files, m.files())
			again := slices.DeleteFunc(m.calls()[len(calls):], func(call string) bool { return strings.HasPrefix(call, "mountpoint -q ") })
			require.Empty(t, again, "the second boot did more than look at the data disk")
			require.Equal(t, requests, len(m.aws.calls), "the second boot called AWS")
		})
	}
}

func TestBoot_PowerFailureAtEveryCommand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		newOne func(t *testing.T) *machine
		moment string
		losses int
	}{
		"control plane, before": {newControlPlane, "before", 15},
		"control plane, after":  {newPreparedControlPlane, "after", 8},
		"worker, before":        {newPreparedWorker, "before", 4},
		"worker, after":         {newPreparedWorker, "after", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undisturbed := test.newOne(t)
			output, err := undisturbed.boot()
			require.NoError(t, err, output)

			m := test.newOne(t)
			m.write("/kubeconfig", undisturbed.read("/kubeconfig"))
			m.env = []string{"POWER=" + test.moment}
			losses := 0
			for output, err = m.boot(); err != nil && losses < 100; output, err = m.boot() {
				require.ErrorContains(t, err, "signal: killed", output)
				m.reboot()
				losses++
			}
			require.NoError(t, err, output)
			require.GreaterOrEqual(t, losses, test.losses, "the power was not lost often enough to mean anything")
			require.Equal(t, undisturbed.files(), m.files())
			require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
		})
	}
}

// newPreparedControlPlane has only its disk and its own steps left.
func newPreparedControlPlane(t *testing.T) *machine {
	t.Helper()
	m := newControlPlane(t)
	m.markDone("host", "packages", "containerd", "kubelet")
	return m
}

// newPreparedWorker has only its own step left.
func newPreparedWorker(t *testing.T) *machine {
	t.Helper()
	m := newWorker(t)
	m.markDone("host", "packages", "containerd", "kubelet", "data-disk")
	return m
}

func (m *machine) markDone(steps ...string) {
	m.t.Helper()
	for _, step := range steps {
		m.write("/var/lib/kubeadm-bootstrap/"+step+".done", "")
	}
}

func TestBoot_FailureReportedUntilResolved(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("apt-get", `echo "E: Unable to locate package kubelet" >&2; exit 100`)
	output, err := m.boot()
	require.Error(t, err)
	require.Contains(t, output, "kubeadm-bootstrap: step packages FAILED")
	status := m.lastStatus()
	require.Equal(t, kubeadm.PhaseFailed, status.Phase)
	require.Equal(t, "packages", status.Step)
	require.Contains(t, status.Reason, "Unable to locate package kubelet")
	require.Contains(t, status.Reason, "package lists could not be fetched")

	// systemd tries again. The reason stays to be read until the step has succeeded.
	_, err = m.boot()
	require.Error(t, err)
	for _, text := range m.aws.statuses[2:] {
		require.Equal(t, kubeadm.PhaseFailed, parseStatus(t, text).Phase)
	}
	m.command("apt-get", "exit 0")
	output, err = m.boot()
	require.NoError(t, err, output)
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
}

func TestBoot_HangingStepStopped(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.env = []string{"STEP_TIMEOUT=1"}
	m.command("sysctl", "exec /bin/sleep 60")
	start := time.Now()
	_, err := m.boot()
	require.Error(t, err)
	require.Less(t, time.Since(start), 20*time.Second)
	status := m.lastStatus()
	require.Equal(t, kubeadm.PhaseFailed, status.Phase)
	require.Equal(t, "host", status.Step)
	require.Contains(t, status.Reason, "stopped after 1 s")
}

func TestBoot_TransientErrors(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.aws.slowMetadata, m.aws.throttled, m.aws.missingKeys = 2, 2, 4
	m.command("apt-get", `case "$*" in *update) n=$(grep -c update "$ROOT/calls"); [ "$n" -gt 2 ] ;; esac`)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Contains(t, output, "ThrottlingException")
	require.Contains(t, output, "apt failed (2 of 8)")
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
}

func TestBoot_ExpiredKeysReplaced(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.write(stateDir+"/pki/ca.crt", "authority")
	m.aws.oldKeys = 1
	output := m.requireRun(publishScript)
	require.Contains(t, output, "ExpiredTokenException")
	require.Contains(t, m.aws.values, "/dev/kubeconfig")
}

func TestBoot_StatusParameterUnreachable(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.markDone("host", "packages", "containerd", "kubelet", "data-disk")
	m.write(encryptionFile, "secretbox")
	m.aws.denied = true
	m.env = []string{"REPORT_ATTEMPTS=1"}
	output, err := m.boot()
	require.Error(t, err)
	require.Contains(t, output, "AccessDeniedException")
	require.True(t, m.exists("/var/lib/kubeadm-bootstrap/control-plane.done"), "the boot stopped although only its status could not be written")
	require.Contains(t, output, "the kubeconfig could not be published in /dev/kubeconfig")

	m.aws.do(func() { m.aws.denied = false })
	output, err = m.boot()
	require.NoError(t, err, output)
}

func TestBoot_SecretFilePermissions(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	for _, secret := range []string{"/etc/kubeadm/kubeadm.yaml", "/etc/kubernetes/published-admin.conf"} {
		info, err := os.Stat(m.path(secret))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), secret)
	}
	info, err := os.Stat(m.path("/run/kubeadm-bootstrap"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	info, err = os.Stat(m.path("/etc/apt/keyrings/kubernetes.asc"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm(), "apt's own user must be able to read the signing key")
}

// kubeadm leaves certificates and kubelet's configuration readable by all; the package does so with kubelet's unit.
func TestBoot_FilesOfRootAlone(t *testing.T) {
	t.Parallel()
	for role, file := range map[string]string{"control plane": "/var/lib/control-plane/pki/apiserver.crt", "worker": "/etc/kubernetes/kubelet.conf"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			m := machines[role](t)
			output, err := m.boot()
			require.NoError(t, err, output)
			for _, path := range []string{"/usr/lib/systemd/system/kubelet.service", file} {
				info, err := os.Stat(m.path(path))
				require.NoError(t, err)
				require.Zero(t, info.Mode()&0o077, path)
			}
		})
	}
}

// A file with a good key and another one would make apt trust both.
func TestBoot_KeyOfAnother(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{"another key": {"other"}, "a second key": {"kubernetes", "other"}, "no key": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWorker(t)
			m.aws.signingKeys = keys
			output, err := m.boot()
			require.Error(t, err)
			require.Contains(t, output, "no signing key DBAE8728DC611A7F4E6242D2E814B6F9C94D6A70 from ")
			require.NoFileExists(t, m.path("/etc/apt/keyrings/kubernetes.asc"))
			require.NotContains(t, strings.Join(m.calls(), "\n"), "apt-get -qq", "nothing was installed")
		})
	}
}
