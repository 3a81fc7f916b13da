package stacks

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// providerKubeconfig is a file as the provider writes it.
func providerKubeconfig(t *testing.T, folder, cluster string, age time.Duration) string {
	t.Helper()
	file, err := os.CreateTemp(folder, "kubeconfig")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.NoError(t, clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:  map[string]*clientcmdapi.Cluster{cluster: {Server: "https://127.0.0.1:16443"}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{cluster + "-deployer": {ClientKeyData: []byte("key")}},
	}, file.Name()))
	then := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(file.Name(), then, then))
	return file.Name()
}

// What does a laptop keep of an administrator's key? That of the last updates alone.
func TestRemoveKubeconfigFiles(t *testing.T) {
	folder := t.TempDir()
	left := providerKubeconfig(t, folder, "growbin-dev", kubeconfigFileAge+time.Minute)
	kept := []string{
		providerKubeconfig(t, folder, "growbin-dev", kubeconfigFileAge-time.Minute), // of a running update
		providerKubeconfig(t, folder, "growbin-dev2", 24*time.Hour),                 // of another cluster
		filepath.Join(folder, "kubeconfig-link"),
	}
	elsewhere := providerKubeconfig(t, t.TempDir(), "growbin-dev", 24*time.Hour)
	require.NoError(t, os.Symlink(elsewhere, kept[2]))
	require.NoError(t, removeKubeconfigFiles(folder, "growbin-dev", time.Now()))
	assert.NoFileExists(t, left)
	for _, path := range append(kept, elsewhere) {
		assert.FileExists(t, path)
	}
}

// The program looks in the temporary folder of whoever runs it.
func TestRemoveKubeconfigFiles_TemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	left := providerKubeconfig(t, os.TempDir(), "growbin-dev", 24*time.Hour)
	settings := &Settings{Stack: "dev"}
	require.NoError(t, (&apiServer{}).removeKubeconfigs(settings))
	assert.FileExists(t, left, "a program without an engine of its own is a test or a rehearsal")
	require.NoError(t, (&apiServer{engine: "127.0.0.1:1"}).removeKubeconfigs(settings))
	assert.NoFileExists(t, left)
}
