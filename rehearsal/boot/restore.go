package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// restore restores the latest backup, if there is one, onto a disk that holds no cluster.
func (a *attempt) restore(ctx context.Context) error {
	if a.node.BackupBucket == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(a.volume, "etcd", "member")); !errors.Is(err, os.ErrNotExist) {
		return err // there is a cluster, or the disk cannot be read
	}
	keys, err := a.machine.ListObjects(a.node.BackupBucket, kubeadm.BackupPrefix)
	if err != nil {
		return fmt.Errorf("the backups in bucket %s could not be listed: %w", a.node.BackupBucket, err)
	}
	if !slices.Contains(keys, kubeadm.BackupLatest) {
		a.log(a.node.Name, "no backup of this cluster: creating a new one")
		return nil
	}
	archive, err := a.machine.GetObject(a.node.BackupBucket, kubeadm.BackupLatest)
	if err != nil {
		return fmt.Errorf("%s could not be fetched from bucket %s: %w", kubeadm.BackupLatest, a.node.BackupBucket, err)
	}
	manifest, parts, err := unpack(archive)
	if err != nil {
		return fmt.Errorf("%s in bucket %s: %w", kubeadm.BackupLatest, a.node.BackupBucket, err)
	}
	if err := checkManifest(ctx, manifest, a.node, a.programs); err != nil {
		return err
	}
	a.log(a.node.Name, "the disk is blank: restoring backup %s", manifest.Name)
	if err := putIntoPlace(ctx, parts, a.programs, a.volume, a.node.Name, a.machine.PrivateIP); err != nil {
		return fmt.Errorf("restoring backup %s: %w", manifest.Name, err)
	}
	r := &reporter{machine: a.machine, parameter: a.node.BackupParameter, step: userdata.StepRestore}
	return r.report(kubeadm.PhaseReady, manifest.Name)
}

// checkManifest refuses a backup of another cluster, or one that this etcd cannot take.
func checkManifest(ctx context.Context, manifest kubeadm.BackupManifest, node *userdata.Node, programs map[string]string) error {
	version, err := cluster.EtcdVersion(ctx, programs)
	if err != nil {
		return err
	}
	if manifest.Cluster != node.Cluster {
		return fmt.Errorf("backup %s is of cluster %s, this is %s", manifest.Name, manifest.Cluster, node.Cluster)
	}
	if kubeadm.Minor(manifest.EtcdVersion) != kubeadm.Minor(version) {
		return fmt.Errorf("backup %s was made by etcd %s, but Kubernetes %s runs %s: set Kubernetes to %s, restore, then upgrade",
			manifest.Name, manifest.EtcdVersion, node.KubernetesVersion, version, manifest.KubernetesVersion)
	}
	return nil
}

// putIntoPlace prepares everything beside the place and moves it there last, etcd's data at the end: with it there is a cluster.
func putIntoPlace(ctx context.Context, parts map[string][]byte, programs map[string]string, volume, node, address string) error {
	work := filepath.Join(volume, "restore")
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	for name, content := range parts {
		path := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	if err := cluster.RestoreSnapshot(ctx, programs, filepath.Join(work, kubeadm.BackupSnapshotName), filepath.Join(work, "etcd"), node, address); err != nil {
		return err
	}
	for _, name := range []string{"pki", "etcd"} {
		place := filepath.Join(volume, name)
		if err := os.RemoveAll(place); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(work, name), place); err != nil {
			return err
		}
	}
	return os.RemoveAll(work)
}
