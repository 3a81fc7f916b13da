package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// nameOfBackup is the time layout of a backup's name, in UTC.
const nameOfBackup = "20060102T150405Z"

// Backup simulates the service kubeadm-backup of a control plane: it stores a real snapshot of the real etcd and the
// certificate authorities in the bucket of the user data, with the machine's permissions, and reports to its parameter.
func (w *World) Backup(ctx context.Context, m Machine) (kubeadm.BackupManifest, error) {
	node, err := userdata.ParseNode(m.UserData)
	if err != nil {
		return kubeadm.BackupManifest{}, fmt.Errorf("the user data of %s is wrong: %w", m.ID, err)
	}
	r := &reporter{machine: m, parameter: node.BackupParameter, step: "backup"}
	manifest, err := w.backup(ctx, m, node)
	if err != nil {
		return manifest, errors.Join(fmt.Errorf("backup of %s: %w", node.Name, err), r.report(kubeadm.PhaseFailed, err.Error()))
	}
	w.log(node.Name, "backup %s is stored in %s: revision %d", manifest.Name, node.BackupBucket, manifest.Revision)
	return manifest, r.report(kubeadm.PhaseReady, manifest.Name)
}

func (w *World) backup(ctx context.Context, m Machine, node *userdata.Node) (kubeadm.BackupManifest, error) {
	var manifest kubeadm.BackupManifest
	if node.BackupBucket == "" {
		return manifest, errors.New("the user data names no bucket for backups")
	}
	programs, err := w.options.Programs(ctx, node.KubernetesVersion)
	if err != nil {
		return manifest, err
	}
	w.mu.Lock()
	control := w.control
	w.mu.Unlock()
	if control == nil || control.machine != m.ID || control.cluster == nil {
		return manifest, errors.New("etcd is not running on this instance")
	}
	version, err := cluster.EtcdVersion(ctx, programs)
	if err != nil {
		return manifest, err
	}
	parts, status, err := saveParts(ctx, control, filepath.Join(w.machineDir(m.ID), "backup"))
	if err != nil {
		return manifest, err
	}
	manifest = kubeadm.BackupManifest{
		Name: time.Now().UTC().Format(nameOfBackup), Cluster: node.Cluster, InstanceID: m.ID,
		KubernetesVersion: node.KubernetesVersion, EtcdVersion: version, Revision: status.Revision, TotalKeys: status.TotalKeys,
	}
	archive, err := pack(manifest, parts)
	if err != nil {
		return manifest, err
	}
	for _, key := range []string{kubeadm.BackupHistory + manifest.Name + kubeadm.BackupSuffix, kubeadm.BackupLatest} {
		if err := m.PutObject(node.BackupBucket, key, archive); err != nil {
			return manifest, fmt.Errorf("storing %s: %w", key, err)
		}
	}
	return manifest, nil
}

// saveParts takes the snapshot in a folder of its own and reads everything that goes into the archive.
func saveParts(ctx context.Context, control *controlPlane, dir string) (map[string][]byte, cluster.SnapshotStatus, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cluster.SnapshotStatus{}, fmt.Errorf("create the folder of the snapshot: %w", err)
	}
	defer os.RemoveAll(dir)
	snapshot := filepath.Join(dir, kubeadm.BackupSnapshotName)
	status, err := control.cluster.Snapshot(ctx, snapshot)
	if err != nil {
		return nil, status, err
	}
	parts := map[string][]byte{}
	for _, name := range archiveParts() {
		path := filepath.Join(control.volume, name)
		if name == kubeadm.BackupSnapshotName {
			path = snapshot
		}
		if parts[name], err = os.ReadFile(path); err != nil {
			return nil, status, fmt.Errorf("reading a part of the backup: %w", err)
		}
	}
	return parts, status, nil
}
