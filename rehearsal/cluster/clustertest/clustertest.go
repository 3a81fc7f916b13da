// Package clustertest starts a real control plane for a test.
package clustertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/tools"
)

// Version of Kubernetes.
const Version = "1.36.3"

const kubeadm = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
nodeRegistration: {name: node-1, criSocket: "unix:///run/containerd/containerd.sock"}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v` + Version + `
clusterName: test
encryptionAlgorithm: ECDSA-P256
certificatesDir: /var/lib/data/pki
networking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/16}
etcd: {local: {dataDir: /var/lib/data/etcd}}
`

// Server is a control plane without nodes.
type Server struct {
	Config *rest.Config
	Client kubernetes.Interface
	// Kubeconfig of an administrator, for programs.
	Kubeconfig string
}

// Start starts a control plane that ends with the test. toolsFolder is the path of rehearsal/tools.
func Start(t *testing.T, toolsFolder string) *Server {
	t.Helper()
	builder, err := tools.New(toolsFolder, os.Stderr)
	require.NoError(t, err)
	programs, err := builder.BuildControlPlane(t.Context(), Version)
	require.NoError(t, err)
	dir := t.TempDir()
	running, err := cluster.Start(t.Context(), cluster.Config{
		Binaries: programs, Kubeadm: []byte(kubeadm), VolumeDir: filepath.Join(dir, "volume"), RunDir: filepath.Join(dir, "run"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { running.Stop() })
	published, err := running.Kubeconfig(t.Context(), "test")
	require.NoError(t, err)
	local, err := cluster.Loopback(published, running.APIPort())
	require.NoError(t, err)
	client, err := kubernetes.NewForConfig(running.Admin())
	require.NoError(t, err)
	return &Server{Config: running.Admin(), Client: client, Kubeconfig: string(local)}
}
