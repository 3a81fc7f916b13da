package boot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/tools"
)

// libStub stands for the bootstrap's shared functions: parameters are files.
const libStub = `set -euo pipefail
shopt -s inherit_errexit
ROOT= STATE_DIR=%[1]s RUN=%[2]s ENCRYPTION_PARAMETER=%[2]s/parameter
fail() { echo "error: $*" >&2; exit 1; }
retry() { local n=$1; shift; until "$@"; do n=$((n - 1)); [ "$n" -gt 0 ] || return 1; sleep "${RETRY_DELAY:-1}"; done; }
write_file() { cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"; }
ssm_put() { cp "$3" "$1"; }
ssm_get() { cat "$1"; }
kubectl() { shift 2; %[3]s --kubeconfig %[2]s/admin.conf "$@"; }
`

// TestRotateKey runs growbin's script against a real control plane, and stops it after each of its steps.
func TestRotateKey(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	require.NoError(t, w.Boot(t.Context(), controlPlaneMachine(t, a, "i-1", "vol-1")))
	client := admin(t, w)
	builder, err := tools.New("../tools", os.Stderr)
	require.NoError(t, err)
	tool, err := builder.KubernetesTool("kubectl", "1.36.3")
	require.NoError(t, err)
	binaries, err := builder.Build(t.Context(), tool)
	require.NoError(t, err)
	kubectl := binaries["kubectl"]

	run, volume := t.TempDir(), w.volumeDir("vol-1")
	config, server := clientcmdapi.NewConfig(), w.Cluster().Admin()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server.Host, CertificateAuthorityData: server.CAData}
	config.AuthInfos["c"] = &clientcmdapi.AuthInfo{ClientCertificateData: server.CertData, ClientKeyData: server.KeyData}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "c"}
	config.CurrentContext = "c"
	require.NoError(t, clientcmd.WriteToFile(*config, filepath.Join(run, "admin.conf")))
	lib, parameter := filepath.Join(run, "lib.sh"), filepath.Join(run, "parameter")
	require.NoError(t, os.WriteFile(lib, fmt.Appendf(nil, libStub, volume, run, kubectl), 0o600))
	require.NoError(t, os.WriteFile(parameter, []byte(a.get(kubeadm.EncryptionParameter(clusterName))), 0o600))
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
		command := exec.CommandContext(t.Context(), "bash", "../../cmd/growbin/rotate-key.sh")
		command.Env = append(os.Environ(), "LIB="+lib, "POLL=2", "STOP_AFTER="+stopAfter)
		out, err := command.CombinedOutput()
		t.Logf("%s: %s", stopAfter, out)
		return string(out), err
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
		keys := read(parameter)
		assert.Equal(t, step != "store", strings.Contains(keys, string(firstKey(t, first))), "the parameter has the old key until no Secret needs it: %s", step)
		assert.Contains(t, read(file), string(firstKey(t, first)), step)
	}
	out, err := rotate("")
	require.NoError(t, err, out)
	readable()
	last := read(file)
	assert.Equal(t, last, read(parameter))
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
	a.set(kubeadm.EncryptionParameter(clusterName), last)
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
