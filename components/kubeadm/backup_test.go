package kubeadm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const (
	backupScript   = "/usr/local/lib/kubeadm-bootstrap/backup.sh"
	restoreScript  = "/usr/local/lib/kubeadm-bootstrap/restore.sh"
	etcdDB         = stateDir + "/etcd/member/snap/db"
	metricOfBackup = "/var/lib/node-exporter/etcd-backup.prom"
)

// newRunningControlPlane has run kubeadm init.
func newRunningControlPlane(t *testing.T) *machine {
	t.Helper()
	m := newControlPlane(t)
	m.requireRun(controlPlaneScript)
	return m
}

// unpack reads an archive from the bucket.
func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	files := map[string][]byte{}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		require.Equal(t, byte(tar.TypeReg), header.Typeflag, header.Name)
		files[header.Name], err = io.ReadAll(reader)
		require.NoError(t, err)
	}
}

// pack is the opposite.
func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, writer.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(files[name]))}))
		_, err := writer.Write(files[name])
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}

func manifestOf(t *testing.T, files map[string][]byte) kubeadm.BackupManifest {
	t.Helper()
	var manifest kubeadm.BackupManifest
	decoder := json.NewDecoder(bytes.NewReader(files[kubeadm.BackupManifestName]))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&manifest))
	return manifest
}

// lastBackup decodes the machine's last report about its backups.
func (m *machine) lastBackup() kubeadm.StatusMessage {
	m.t.Helper()
	value := ""
	m.aws.do(func() { value = m.aws.values["/dev/backup"] })
	return parseStatus(m.t, value)
}

func (m *machine) requireNoTraceOfBackup() {
	m.t.Helper()
	for _, path := range []string{stateDir + "/backup", stateDir + "/etcd/backup.db", stateDir + "/etcd/backup.db.part", "/run/kubeadm-bootstrap/backup"} {
		require.False(m.t, m.exists(path), "%s was left behind", path)
	}
}

func TestBackup_EtcdAndAuthorities(t *testing.T) {
	t.Parallel()
	m := newRunningControlPlane(t)
	output := m.requireRun(backupScript)

	keys := slices.Sorted(maps.Keys(m.aws.bucket.objects))
	require.Len(t, keys, 2)
	name := strings.TrimSuffix(strings.TrimPrefix(keys[0], kubeadm.BackupHistory), kubeadm.BackupSuffix)
	made, err := time.Parse("20060102T150405Z", name)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), made, time.Minute)
	require.Equal(t, kubeadm.BackupLatest, keys[1])
	require.Equal(t, m.aws.bucket.objects[keys[0]], m.aws.bucket.objects[keys[1]])

	files := unpack(t, m.aws.bucket.objects[keys[0]])
	want := kubeadm.BackupManifest{
		Name: name, Cluster: "dev", InstanceID: instanceID, KubernetesVersion: "1.36.3", EtcdVersion: "3.6.8",
		Revision: 42, TotalKeys: 7, SHA256: map[string]string{},
	}
	parts := map[string]string{kubeadm.BackupSnapshotName: etcdDB}
	for _, authority := range kubeadm.Authorities() {
		parts["pki/"+authority] = stateDir + "/pki/" + authority
	}
	for part, source := range parts {
		require.Equal(t, m.read(source), string(files[part]), part)
		want.SHA256[part] = hash(files[part])
	}
	require.Len(t, files, len(parts)+1, "there is more in the archive than is needed: %v", slices.Sorted(maps.Keys(files)))
	require.Equal(t, want, manifestOf(t, files))

	status := m.lastBackup()
	require.Equal(t, kubeadm.PhaseReady, status.Phase)
	require.Equal(t, name, status.Reason)
	metric := strings.Fields(m.read(metricOfBackup))
	require.Equal(t, "kubeadm_etcd_backup_last_success_timestamp_seconds", metric[0])
	seconds, err := strconv.ParseInt(metric[1], 10, 64)
	require.NoError(t, err)
	require.InDelta(t, time.Now().Unix(), seconds, 60)
	info, err := os.Stat(m.path(metricOfBackup))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm(), "node-exporter cannot read it")
	for _, authority := range kubeadm.Authorities() {
		require.NotContains(t, output, strings.TrimSpace(m.read(stateDir+"/pki/"+authority)), "a key is readable in the log")
	}
	m.requireNoTraceOfBackup()
}

func TestBackup_FailureReportedAndCleanedUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(m *machine)
		want    string
	}{
		"S3 denied":         {func(m *machine) { m.aws.bucket.denied = []string{"PUT"} }, "in bucket dev-backups: <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>"},
		"S3 throttled long": {func(m *machine) { m.aws.bucket.throttled = 100 }, "<Code>SlowDown</Code>"},
		"disk full":         {func(m *machine) { m.command("df", "printf 'Avail\\n1048576\\n'") }, "/var/lib/control-plane has 1 MiB left: too little for a copy of etcd's 0 MiB"},
		"disk fills up":     {func(m *machine) { m.command("tar", "echo 'tar: write error: No space left on device' >&2; exit 2") }, "the backup could not be packed on /var/lib/control-plane"},
		"etcd down": {func(m *machine) {
			require.NoError(m.t, os.Rename(m.path(stateDir+"/etcd/member"), m.path(stateDir+"/etcd/gone")))
		}, "etcd is not running"},
		"no snapshot":      {func(m *machine) { m.command("cp", "exit 1") }, "snapshot save failed"},
		"damaged snapshot": {func(m *machine) { m.write(etcdDB, "") }, "etcd's snapshot is damaged"},
		"no containerd":    {func(m *machine) { m.command("crictl", "exit 1") }, "containerd does not respond"},
		"no authority": {func(m *machine) {
			require.NoError(m.t, os.Remove(m.path(stateDir+"/pki/sa.key")))
		}, "the backup's manifest could not be written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newRunningControlPlane(t)
			m.env = []string{"S3_ATTEMPTS=2"}
			test.prepare(m)
			output, err := m.run(backupScript)
			require.Error(t, err, "the unit would not have failed")
			require.Contains(t, output, "kubeadm-bootstrap: error: ")
			status := m.lastBackup()
			require.Equal(t, kubeadm.PhaseFailed, status.Phase)
			require.Equal(t, "backup", status.Step)
			require.Contains(t, status.Reason, test.want)
			require.NotContains(t, m.aws.bucket.objects, kubeadm.BackupLatest)
			require.False(t, m.exists(metricOfBackup), "the metric tells of a success")
			m.requireNoTraceOfBackup()
		})
	}
}

func TestBackup_ThrottlingAndExpiredKeys(t *testing.T) {
	t.Parallel()
	m := newRunningControlPlane(t)
	m.aws.bucket.throttled, m.aws.throttled = 3, 2
	output := m.requireRun(backupScript)
	require.Contains(t, output, "SlowDown")
	require.Equal(t, kubeadm.PhaseReady, m.lastBackup().Phase)
}

func TestBackup_AfterInterruptedBackup(t *testing.T) {
	t.Parallel()
	m := newRunningControlPlane(t)
	m.env = []string{"POWER=after"}
	m.write(stateDir+"/etcd/backup.db.part", "what etcdctl had written when the power went")
	losses := 0
	for output, err := m.run(backupScript); err != nil; output, err = m.run(backupScript) {
		require.ErrorContains(t, err, "signal: killed", output)
		m.reboot()
		losses++
	}
	require.GreaterOrEqual(t, losses, 4)
	require.Equal(t, kubeadm.PhaseReady, m.lastBackup().Phase)
	m.requireNoTraceOfBackup()
}

func TestBackup_NoBucket(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.BackupBucket = ""
	m := newMachine(t, config)
	m.attachDisk()
	output, err := m.boot()
	require.NoError(t, err, output)
	require.NotContains(t, m.read("/calls"), "kubeadm-backup.timer")
}
