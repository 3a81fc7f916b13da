package kubeadm_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

// backup makes a control plane with the given objects, saves it, and returns the machine.
func backup(t *testing.T, objects string) *machine {
	t.Helper()
	m := newRunningControlPlane(t)
	m.write(etcdDB, objects)
	m.requireRun(backupScript)
	return m
}

// newWithBackup is a new machine with a blank disk, in the account of another one.
func newWithBackup(t *testing.T, saved *machine) *machine {
	t.Helper()
	m := newControlPlane(t)
	m.aws.do(func() {
		m.aws.bucket.objects = saved.aws.bucket.objects
		m.aws.values[encryptionParameter] = saved.aws.values[encryptionParameter]
	})
	m.env = []string{"SEED=another"} // a new authority would differ
	return m
}

// changed replaces the latest archive by one that differs.
func (m *machine) changed(change func(files map[string][]byte)) {
	m.t.Helper()
	files := unpack(m.t, m.aws.bucket.objects[kubeadm.BackupLatest])
	change(files)
	m.aws.bucket.objects = map[string][]byte{kubeadm.BackupLatest: pack(m.t, files)}
}

// changedManifest does so with the manifest only.
func (m *machine) changedManifest(change func(manifest *kubeadm.BackupManifest)) {
	m.t.Helper()
	m.changed(func(files map[string][]byte) {
		manifest := manifestOf(m.t, files)
		change(&manifest)
		text, err := json.Marshal(manifest)
		require.NoError(m.t, err)
		files[kubeadm.BackupManifestName] = text
	})
}

func TestRestore_BlankDisk(t *testing.T) {
	t.Parallel()
	lost := backup(t, "objects of before")
	m := newWithBackup(t, lost)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Equal(t, "objects of before", m.read(etcdDB))
	require.Equal(t, lost.read(encryptionFile), m.read(encryptionFile), "the Secrets of the backup cannot be read")
	for _, authority := range kubeadm.Authorities() {
		require.Equal(t, lost.read(stateDir+"/pki/"+authority), m.read(stateDir+"/pki/"+authority), authority)
	}
	name := lost.lastBackup().Reason
	require.Contains(t, output, "the disk is blank: restoring the latest backup")
	require.Contains(t, output, "restored backup "+name)
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
	told := m.lastBackup()
	require.Equal(t, kubeadm.PhaseReady, told.Phase)
	require.Equal(t, "restore", told.Step)
	require.Equal(t, name, told.Reason)
	var reasons []string
	for _, text := range m.aws.statuses {
		reasons = append(reasons, parseStatus(t, text).Reason)
	}
	require.Contains(t, reasons, "restored backup "+name, "the status does not tell what was restored")

	calls := m.read("/calls")
	require.Contains(t, calls, "--name k8s-master --initial-cluster k8s-master=https://10.0.1.10:2380 --initial-advertise-peer-urls https://10.0.1.10:2380 --bump-revision 1000000000 --mark-compacted")
	require.Less(t, strings.Index(calls, "etcdutl snapshot restore"), strings.Index(calls, "kubeadm init"))
	for _, path := range []string{"/restore", "/restored"} {
		require.False(t, m.exists(stateDir+path), "%s was left behind", path)
	}
	info, err := os.Stat(m.path(stateDir + "/pki/ca.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestRestore_NoBackup(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Contains(t, output, "no backup of this cluster")
	require.NotContains(t, m.read("/calls"), "etcdutl")
}

func TestRestore_DiskHoldsCluster(t *testing.T) {
	t.Parallel()
	m := newWithBackup(t, backup(t, "objects of before"))
	m.aws.bucket.denied = []string{"GET"} // it does not even look
	m.requireRun(controlPlaneScript)
	m.write(etcdDB, "objects of now")
	m.requireRun(restoreScript)
	require.Equal(t, "objects of now", m.read(etcdDB))
}

// A new cluster must not begin while a backup may be there.
func TestRestore_FailureStopsBoot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(m *machine)
		want    string
	}{
		"list denied": {func(m *machine) { m.aws.bucket.denied = []string{"GET"} }, "the backups in bucket dev-backups could not be listed: <?xml version=\"1.0\"?><Error><Code>AccessDenied"},
		"throttled":   {func(m *machine) { m.aws.bucket.throttled = 100 }, "<Code>SlowDown"},
		"cut off":     {func(m *machine) { m.aws.bucket.truncated = 100 }, "etcd/latest.tar.gz could not be fetched from bucket dev-backups"},
		"no archive": {func(m *machine) {
			m.aws.bucket.objects = map[string][]byte{kubeadm.BackupLatest: []byte("nonsense")}
		}, "etcd/latest.tar.gz is not a complete backup"},
		"part missing": {func(m *machine) {
			m.changed(func(files map[string][]byte) { delete(files, "pki/sa.key") })
		}, "is not a complete backup"},
		"damaged part": {func(m *machine) {
			m.changed(func(files map[string][]byte) { files["snapshot.db"] = []byte("other objects") })
		}, "is damaged: a checksum does not match"},
		"no checksum": {func(m *machine) {
			m.changedManifest(func(manifest *kubeadm.BackupManifest) { delete(manifest.SHA256, "pki/ca.key") })
		}, "the backup's manifest cannot be read"},
		"other cluster": {func(m *machine) {
			m.changedManifest(func(manifest *kubeadm.BackupManifest) { manifest.Cluster = "prod" })
		}, "is of cluster prod, this is dev"},
		"other etcd": {func(m *machine) {
			m.changedManifest(func(manifest *kubeadm.BackupManifest) {
				manifest.EtcdVersion, manifest.KubernetesVersion = "3.5.21", "1.33.2"
			})
		}, "was made by etcd 3.5.21, but Kubernetes 1.36.3 runs registry.example.com/k8s/etcd:3.6.8-0: set Kubernetes to 1.33.2, restore, then upgrade"},
		"newer Kubernetes": {func(m *machine) {
			m.changedManifest(func(manifest *kubeadm.BackupManifest) { manifest.KubernetesVersion = "1.37.0" })
		}, "was made by Kubernetes 1.37.0, which is newer than 1.36.3"},
		"no image": {func(m *machine) { m.command("ctr", "exit 1") }, "registry.example.com/k8s/etcd:3.6.8-0 could not be mounted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWithBackup(t, backup(t, "objects of before"))
			m.markDone("host", "packages", "containerd", "kubelet")
			m.env = append(m.env, "S3_ATTEMPTS=2")
			test.prepare(m)
			output, err := m.boot()
			require.Error(t, err)
			status := m.lastStatus()
			require.Equal(t, kubeadm.PhaseFailed, status.Phase)
			require.Equal(t, "restore", status.Step)
			require.Contains(t, status.Reason, test.want, output)
			require.NotContains(t, m.read("/calls"), "kubeadm init", "a new cluster began")
			require.False(t, m.exists(stateDir+"/etcd"), "something was put into place")
		})
	}
}

func TestRestore_TransientErrors(t *testing.T) {
	t.Parallel()
	m := newWithBackup(t, backup(t, "objects of before"))
	m.aws.bucket.throttled, m.aws.bucket.truncated = 2, 1
	m.requireRun(restoreScript)
	require.Equal(t, "objects of before", m.read(etcdDB))
}

func TestRestore_OlderMinor(t *testing.T) {
	t.Parallel()
	m := newWithBackup(t, backup(t, "objects of before"))
	m.changedManifest(func(manifest *kubeadm.BackupManifest) { manifest.KubernetesVersion = "1.35.9" })
	m.requireRun(restoreScript)
	require.Equal(t, "objects of before", m.read(etcdDB))
}

func TestRestore_PowerFailure(t *testing.T) {
	t.Parallel()
	saved := backup(t, "objects of before")
	for _, moment := range []string{"before", "after"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			prepared := func() *machine {
				m := newWithBackup(t, saved)
				m.markDone("host", "packages", "containerd", "kubelet")
				for _, command := range []string{"mv", "tar", "sync"} { // real ones, but the power may fail at each
					m.command(command, "exec /bin/"+command+` "$@"`)
				}
				return m
			}
			undisturbed := prepared()
			output, err := undisturbed.boot()
			require.NoError(t, err, output)
			m := prepared()
			m.write("/kubeconfig", undisturbed.read("/kubeconfig"))
			m.env = append(m.env, "POWER="+moment)
			losses := 0
			for output, err = m.boot(); err != nil && losses < 200; output, err = m.boot() {
				require.ErrorContains(t, err, "signal: killed", output)
				m.reboot()
				losses++
			}
			require.NoError(t, err, output)
			require.GreaterOrEqual(t, losses, 12, "the power was not lost often enough to mean anything")
			require.Equal(t, undisturbed.files(), m.files())
			require.Equal(t, "objects of before", m.read(etcdDB))
		})
	}
}

func TestRestoreByHand_KeepsData(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	m.write(etcdDB, "objects of before")
	m.requireRun(backupScript)
	name := m.lastBackup().Reason
	m.write(etcdDB, "objects of now")
	time.Sleep(time.Second)    // names are to the second
	m.requireRun(backupScript) // the latest is not the one that is wanted
	require.Equal(t, name, strings.Split(m.requireRunWith(restoreScript, "--list"), "\n")[0])

	authority := m.read(stateDir + "/pki/ca.crt")
	m.requireRestore(name)
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase, "the status must not be one that pulumi up waits for as long as the cluster runs")
	require.Contains(t, m.calls(), "systemctl restart kubeadm-bootstrap.service")
	require.Equal(t, "objects of now", m.read(etcdDB), "it was put into place before the boot does it")

	output, err = m.boot() // as systemctl does on a machine
	require.NoError(t, err, output)
	require.Equal(t, "objects of before", m.read(etcdDB))
	require.Equal(t, authority, m.read(stateDir+"/pki/ca.crt"))
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
	kept, err := filepath.Glob(m.path(stateDir + "/before-restore-*/etcd/member/snap/db"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	content, err := os.ReadFile(kept[0])
	require.NoError(t, err)
	require.Equal(t, "objects of now", string(content), "what was there is lost")
	before := strings.TrimSuffix(strings.TrimPrefix(kept[0], m.root), "/etcd/member/snap/db")
	require.True(t, m.exists(before+"/pki/ca.key"))

	// Back to the kept data, as in docs/recover.md.
	undo := exec.Command("bash", "-ec", `cd "$0" && mkdir undone && mv etcd pki undone/ && mv "$1"/etcd "$1"/pki . && rm -f "$2"/{control-plane,renew,publish,ready}.done`,
		m.path(stateDir), m.path(before), m.path("/var/lib/kubeadm-bootstrap"))
	text, err := undo.CombinedOutput()
	require.NoError(t, err, string(text))
	output, err = m.boot()
	require.NoError(t, err, output)
	require.Equal(t, "objects of now", m.read(etcdDB))
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
}

func TestRestoreByHand_UnknownOrBadBackup(t *testing.T) {
	t.Parallel()
	m := backup(t, "objects of now")
	name := m.lastBackup().Reason
	output, err := m.restoreByHand("20200101T000000Z")
	require.Error(t, err)
	require.Contains(t, output, "there is no backup 20200101T000000Z in bucket dev-backups; restore.sh --list prints all")
	m.aws.bucket.objects[kubeadm.BackupHistory+name+kubeadm.BackupSuffix] = []byte("nonsense")
	_, err = m.restoreByHand(name)
	require.Error(t, err)
	require.Equal(t, "objects of now", m.read(etcdDB))
	require.NotContains(t, m.calls(), "systemctl restart kubeadm-bootstrap.service")
	require.False(t, m.exists(stateDir+"/restored"))
}

func TestRestoreByHand_PowerFailure(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"before", "after"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			m := newControlPlane(t)
			output, err := m.boot()
			require.NoError(t, err, output)
			m.write(etcdDB, "objects of before")
			m.requireRun(backupScript)
			name := m.lastBackup().Reason
			m.write(etcdDB, "objects of now")
			for _, command := range []string{"mv"} {
				m.command(command, "exec /bin/"+command+` "$@"`)
			}
			m.write("/calls", "")
			m.env = []string{"POWER=" + moment}
			losses := 0
			// The command is repeated until it succeeds; the boot does the rest.
			for accepted := false; !accepted; {
				output, err := m.restoreByHand(name)
				if accepted = err == nil; !accepted {
					require.ErrorContains(t, err, "signal: killed", output)
					m.reboot()
					losses++
				}
				for output, err = m.boot(); err != nil; output, err = m.boot() {
					require.ErrorContains(t, err, "signal: killed", output)
					m.reboot()
					losses++
					require.Less(t, losses, 100, "it never ends")
				}
				require.Contains(t, []string{"objects of before", "objects of now"}, m.read(etcdDB), "neither what was there nor what was wanted")
			}
			require.GreaterOrEqual(t, losses, 5)
			require.Equal(t, "objects of before", m.read(etcdDB))
			kept, err := filepath.Glob(m.path(stateDir + "/before-restore-*/etcd/member/snap/db"))
			require.NoError(t, err)
			require.NotEmpty(t, kept)
		})
	}
}
