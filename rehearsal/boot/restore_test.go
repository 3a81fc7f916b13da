package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// TestRestore_LostVolume saves a running control plane with the real etcdctl, loses machine and volume, and restores with the real etcdutl.
func TestRestore_LostVolume(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	ctx := t.Context()
	first := controlPlaneMachine(t, a, "i-1", "vol-1")
	_, err := w.Backup(ctx, first)
	require.ErrorContains(t, err, "etcd is not running")
	require.NoError(t, w.Boot(ctx, first))
	client := admin(t, w)
	const objects = 30
	created := map[string]corev1.ConfigMap{}
	for i := range objects {
		made, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("kept-%d", i)}}, metav1.CreateOptions{})
		require.NoError(t, err)
		created[made.Name] = *made
	}
	manifest, err := w.Backup(ctx, first)
	require.NoError(t, err)
	assert.Equal(t, "i-1", manifest.InstanceID)
	assert.Greater(t, manifest.TotalKeys, int64(objects))
	assert.Contains(t, a.get(kubeadm.BackupParameter(clusterName)), manifest.Name)
	later, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "later"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	authority, err := os.ReadFile(filepath.Join(w.volumeDir("vol-1"), "pki", "ca.crt"))
	require.NoError(t, err)

	require.NoError(t, w.Terminate(ctx, "i-1"))
	require.NoError(t, w.RemoveVolume("vol-1"))
	require.NoError(t, w.Boot(ctx, controlPlaneMachine(t, a, "i-2", "vol-2")))
	restored, err := os.ReadFile(filepath.Join(w.volumeDir("vol-2"), "pki", "ca.crt"))
	require.NoError(t, err)
	assert.Equal(t, string(authority), string(restored))
	client = admin(t, w)
	found, err := client.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	for _, object := range found.Items {
		if before, ok := created[object.Name]; ok {
			assert.Equal(t, before.UID, object.UID)
			delete(created, object.Name)
		}
		assert.NotEqual(t, "later", object.Name, "it is not of the backup")
	}
	assert.Empty(t, created, "objects of before the backup are missing")
	// A client that saw the lost revisions must never see them a second time.
	after, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "after"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	assert.Greater(t, len(after.ResourceVersion), len(later.ResourceVersion), "the revision was not bumped")
	ready(t, client, "master")
}

func TestRestore_UnreadableBackups(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	m := controlPlaneMachine(t, a, "i-1", "vol-1")
	m.Services.(*services).s3 = errors.New("AccessDenied: not authorized to perform: s3:ListBucket")
	require.ErrorContains(t, bootOnce(t, w, m), "could not be listed: AccessDenied")
	status := a.status(t, "master")
	assert.Equal(t, kubeadm.PhaseFailed, status.Phase)
	assert.Equal(t, "restore", status.Step)
	assert.Contains(t, status.Reason, "s3:ListBucket")
	assert.Nil(t, w.Cluster(), "a new cluster began in silence")
}

func TestRestore_BadBackup(t *testing.T) {
	parts := map[string][]byte{}
	for _, name := range archiveParts() {
		parts[name] = []byte(name)
	}
	good, err := pack(kubeadm.BackupManifest{Name: "n", Cluster: clusterName, EtcdVersion: "3.4.1", KubernetesVersion: "1.20.0"}, parts)
	require.NoError(t, err)
	manifest, unpacked, err := unpack(good)
	require.NoError(t, err)
	assert.Equal(t, parts, unpacked)

	_, _, err = unpack([]byte("nonsense"))
	require.ErrorContains(t, err, "it is not a backup")
	_, _, err = unpack(good[:len(good)-30])
	require.ErrorContains(t, err, "it is not a backup")
	delete(parts, "pki/sa.key")
	lacking, err := pack(manifest, parts)
	require.NoError(t, err)
	_, _, err = unpack(lacking)
	require.ErrorContains(t, err, "lacks pki/sa.key")

	programs, err := programs(t.Context(), "1.36.3")
	require.NoError(t, err)
	node := &userdata.Node{Cluster: clusterName, KubernetesVersion: "1.36.3"}
	require.ErrorContains(t, checkManifest(t.Context(), manifest, node, programs), "was made by etcd 3.4.1, but Kubernetes 1.36.3 runs 3.6.")
	manifest.Cluster = "other"
	require.ErrorContains(t, checkManifest(t.Context(), manifest, node, programs), "is of cluster other")
}
