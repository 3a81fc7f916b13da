package boot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

// TestRotateKey runs growbin's script against a real control plane, and stops it after each of its steps.
func TestRotateKey(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	machine := controlPlaneMachine(t, a, "i-1", "vol-1")
	require.NoError(t, w.Boot(t.Context(), machine))
	client := admin(t, w)
	volume, parameter := w.volumeDir("vol-1"), kubeadm.EncryptionParameter(clusterName)
	file := filepath.Join(volume, kubeadm.EncryptionDir, kubeadm.EncryptionFile)
	first, err := os.ReadFile(file)
	require.NoError(t, err)

	const value = "canary-51c09e7a"
	name := secretOf(t, client, value)
	readable := func() {
		t.Helper()
		found, err := client.CoreV1().Secrets("default").Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, value, string(found.Data["key"]))
	}
	rotate := func(stopAfter string) (string, error) {
		out, err := w.rotateKey(t.Context(), machine, w.control, "POLL=2", "STOP_AFTER="+stopAfter)
		t.Logf("%s: %s", stopAfter, out)
		return out, err
	}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	for _, step := range []string{"install", "rewrite", "store"} {
		_, err := rotate(step)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, step)
		require.Equal(t, 3, exit.ExitCode(), step)
		readable()
		keys := a.get(parameter)
		assert.Equal(t, step != "store", strings.Contains(keys, string(firstKey(t, first))), "the parameter has the old key until no Secret needs it: %s", step)
		assert.Contains(t, read(file), string(firstKey(t, first)), step)
	}
	out, err := rotate("")
	require.NoError(t, err, out)
	readable()
	last := read(file)
	assert.Equal(t, last, a.get(parameter))
	assert.NotContains(t, last, string(firstKey(t, first)))
	assert.Equal(t, 1, strings.Count(last, `"secret":`))
	assert.NotContains(t, out, value)

	secrets, err := client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, secrets.Items)
	for _, secret := range secrets.Items {
		assert.Contains(t, out, secret.Annotations["growbin.app/encryption-key"], secret.Name)
	}
	// An API server that starts with the new key alone reads every Secret.
	require.NoError(t, w.Terminate(t.Context(), "i-1"))
	require.NoError(t, w.Boot(t.Context(), controlPlaneMachine(t, a, "i-2", "vol-1")))
	client = admin(t, w)
	secrets, err = client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, secrets.Items)
	readable()
}

// firstKey is the secret part of the first key.
func firstKey(t *testing.T, config []byte) []byte {
	t.Helper()
	_, after, found := strings.Cut(string(config), `"secret":"`)
	require.True(t, found)
	key, _, _ := strings.Cut(after, `"`)
	return []byte(key)
}
