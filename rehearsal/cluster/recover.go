package cluster

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// lasting are the key pairs that make a cluster the same cluster; all others are made from them.
var lasting = []string{"ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"}

// dropLeafCertificates removes the certificates of a machine that may have been replaced: kubeadm rejects a certificate with
// other names, but creates a missing one.
func dropLeafCertificates(pki string) error {
	err := filepath.WalkDir(pki, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(pki, path)
		if err != nil || slices.Contains(lasting, filepath.ToSlash(name)) {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("clearing old certificates: %w", err)
	}
	return nil
}

// dropStaleLeases deletes the leases of stopped programs: the leader locks of controller manager and scheduler, and the nodes'
// leases, which kwok would leave to its predecessor. They would expire after 15 and 40 s; no other program can hold them.
func (c *Cluster) dropStaleLeases(ctx context.Context) error {
	leases := c.client.CoordinationV1().Leases(metav1.NamespaceSystem)
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		if err := leases.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("freeing the leader lock of %s: %w", name, err)
		}
	}
	nodeLeases := c.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	if err := nodeLeases.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return fmt.Errorf("freeing the nodes' leases: %w", err)
	}
	return nil
}
