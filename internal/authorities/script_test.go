package authorities

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stride is the number of changes between two of the tested interruptions.
const stride = 7

// machine is the file system of a control plane, with the real kubeadm and openssl. A kubelet and an API server that do at once
// whatever they are told stand in for the real ones, which the boot lab has.
type machine struct {
	t    *testing.T
	root string
}

const kubeadmConfig = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
nodeRegistration: {name: k8s-master, criSocket: unix:///run/containerd/containerd.sock}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
certificatesDir: %s/state/pki
encryptionAlgorithm: ECDSA-P256
kubernetesVersion: v1.36.3
controlPlaneEndpoint: 10.0.0.10:6443
`

// fakeKubectl calls nothing that is counted: it runs beside the programs of its pipeline.
const fakeKubectl = `#!/bin/bash
manifests=$ROOT/etc/kubernetes/manifests all="$*"
case $all in
*'get pod -n'*) pod=${all##*kube-system } && echo "$(sed -n 's/^ *growbin.app.authorities: //p' "$manifests/${pod%%-k8s-master*}.yaml") True" ;;
*kube-root-ca.crt*) /usr/bin/python3 -c 'import json, sys; print(json.dumps({"items": [{"metadata": {"namespace": "x"}, "data": {"ca.crt": open(sys.argv[1]).read()}}]}))' \
  "$(sed -n 's/.*--root-ca-file=//p' "$manifests/kube-controller-manager.yaml")" ;;
*'get pods'* | *'get secrets'*) echo '{"items": []}' ;;
*extension-apiserver*) echo 'BEGIN CERTIFICATE BEGIN CERTIFICATE' ;;
*cluster-info*) echo '{}' ;;
*replace*) cat >/dev/null ;;
*jwks*) echo "{\"keys\":[{\"kid\":\"$(openssl pkey -in "$ROOT/state/pki/sa.key" -pubout -outform DER | openssl dgst -sha256 -binary | base64 -w0 | tr '+/' '-_' | tr -d =)\"}]}" ;;
*'get nodes'*) echo 'node k8s-master True' ;;
esac
`

// counted stands for a program that changes something. At the call with the number STOP_AT it kills the script, before or after
// the change in turns.
const counted = `#!/bin/bash
count=$(($(cat "$ROOT/count") + 1))
echo "$count" >"$ROOT/count"
[ "$count" != "$STOP_AT" ] || [ $((STOP_AT %% 2)) = 1 ] || kill -KILL 0
%s "$@" || exit
[ "$count" != "$STOP_AT" ] || kill -KILL 0
`

func newMachine(t *testing.T) machine {
	t.Helper()
	if testing.Short() {
		t.Skip("NOT RUN: -short leaves out kubeadm")
	}
	m := machine{t, t.TempDir()}
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(m.root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
	}
	lib, err := os.ReadFile("../../components/kubeadm/scripts/lib.sh")
	require.NoError(t, err)
	write("lib/lib.sh", string(lib), 0o600)
	write("lib/publish.sh", "#!/bin/bash\n", 0o755)
	write("etc/kubeadm/bootstrap.env", "NODE_NAME=k8s-master\nSTATE_DIR=/state\n", 0o600)
	write("etc/kubeadm/kubeadm.yaml", fmt.Sprintf(kubeadmConfig, m.root), 0o600)
	write("etc/kubernetes/published-admin.conf", "", 0o600)
	write("bin/kubectl", fakeKubectl, 0o755)
	write("bin/curl", "#!/bin/sh\nprintf 401\n", 0o755)
	kubeadm := cmp.Or(os.Getenv("KUBEADM"), "kubeadm")
	if kubeadm, err = exec.LookPath(kubeadm); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "KUBEADM must name the kubeadm of rehearsal/tools in CI")
		t.Skip("NOT RUN: there is no kubeadm on PATH, and KUBEADM names none")
	}
	for name, program := range map[string]string{"kubeadm": kubeadm, "mv": "/bin/mv", "rm": "/bin/rm", "cp": "/bin/cp", "python3": "/usr/bin/python3"} {
		write("bin/"+name, fmt.Sprintf(counted, program), 0o755)
	}
	m.kubeadm(kubeadm, "certs", "all")
	for _, name := range []string{"admin", "controller-manager", "scheduler"} {
		m.kubeadm(kubeadm, "kubeconfig", name, "--kubeconfig-dir", filepath.Join(m.root, "etc/kubernetes"))
	}
	// kubeadm writes its manifests to a fixed directory.
	manifest := "metadata:\n  labels: {}\nspec:\n  containers:\n  - command:\n"
	for name, flags := range map[string][]string{
		"etcd": nil, "kube-scheduler": nil, "kube-apiserver": {"client-ca-file=PKI/ca.crt"},
		"kube-controller-manager": {"cluster-signing-cert-file=PKI/ca.crt", "cluster-signing-key-file=PKI/ca.key", "root-ca-file=PKI/ca.crt"},
	} {
		text := manifest
		for _, flag := range flags {
			text += "    - --" + strings.ReplaceAll(flag, "PKI", m.pki()) + "\n"
		}
		write("etc/kubernetes/manifests/"+name+".yaml", text, 0o600)
	}
	return m
}

func (m machine) pki() string { return filepath.Join(m.root, "state/pki") }

func (m machine) kubeadm(program string, arguments ...string) {
	m.t.Helper()
	out, err := exec.CommandContext(m.t.Context(), program, append(append([]string{"init", "phase"}, arguments...), "--config", filepath.Join(m.root, "etc/kubeadm/kubeadm.yaml"))...).CombinedOutput()
	require.NoError(m.t, err, string(out))
}

// rotate runs the command's scripts, and kills that of the control plane at a change. It returns the number of changes.
func (m machine) rotate(stopAt int) (changes int, err error) {
	m.t.Helper()
	require.NoError(m.t, os.WriteFile(filepath.Join(m.root, "count"), []byte("0"), 0o600))
	err = Rotate(m.t.Context(), Options{ControlPlane: "k8s-master", Backup: func(context.Context) error { return nil },
		Run: func(ctx context.Context, _, command string) (string, error) {
			if trust.MatchString(command) {
				return "", nil
			}
			process := exec.CommandContext(ctx, "bash", "-c", strings.Replace(command, "LIB=/usr/local/lib/kubeadm-bootstrap", "LIB="+m.root+"/lib", 1))
			process.Env = []string{"PATH=" + m.root + "/bin:/usr/bin:/bin", "ROOT=" + m.root, "POLL=0.1", "STOP_AT=" + strconv.Itoa(stopAt), "HOME=" + m.root}
			process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var stdout, stderr bytes.Buffer
			process.Stdout, process.Stderr = &stdout, &stderr
			if err := process.Run(); err != nil {
				return "", fmt.Errorf("%w: %s", err, stderr.String())
			}
			return stdout.String(), nil
		}})
	text, readErr := os.ReadFile(filepath.Join(m.root, "count"))
	require.NoError(m.t, readErr)
	changes, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(m.t, convErr)
	return changes, err
}

func (m machine) read(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.root, name))
	require.NoError(m.t, err)
	return string(text)
}

// certificate returns the only certificate of a file.
func (m machine) certificate(name string) *x509.Certificate {
	m.t.Helper()
	block, rest := pem.Decode([]byte(m.read(name)))
	require.NotNil(m.t, block, name)
	require.Empty(m.t, rest, name)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(m.t, err)
	return certificate
}

// checkConsistent checks that kubeadm would find authorities that have issued all other certificates.
func (m machine) checkConsistent(when string) {
	m.t.Helper()
	for authority, names := range map[string][]string{
		"ca": {"apiserver", "apiserver-kubelet-client"}, "front-proxy-ca": {"front-proxy-client"}, "etcd/ca": {"etcd/server", "etcd/peer", "apiserver-etcd-client"},
	} {
		for _, name := range names {
			assert.NoError(m.t, m.certificate("state/pki/"+name+".crt").CheckSignatureFrom(m.certificate("state/pki/"+authority+".crt")), "%s: %s", when, name)
		}
	}
	if _, err := os.Stat(filepath.Join(m.root, "state/pki-other/rotation")); err == nil { // nodes may have certificates of the next authority
		vouch := m.certificate("state/pki-other/next/vouch.crt")
		assert.NoError(m.t, vouch.CheckSignatureFrom(m.certificate("state/pki/ca.crt")), when)
		assert.Equal(m.t, m.certificate("state/pki-other/ca.crt").PublicKey, vouch.PublicKey, when)
	}
	for _, name := range []string{"ca.key", "sa.key", "sa.pub"} {
		assert.NotEmpty(m.t, m.read("state/pki/"+name), when)
	}
}

func (m machine) checkRotated(when string, former *x509.Certificate) {
	m.t.Helper()
	m.checkConsistent(when)
	authority := m.certificate("state/pki/ca.crt")
	assert.False(m.t, authority.Equal(former), when)
	assert.Equal(m.t, 1, strings.Count(m.read("state/pki/sa.pub"), "BEGIN"), when)
	for _, left := range []string{"state/pki-other", "state/pki-other.new", "state/pki/next", "state/pki/rotation", "etc/kubernetes/published-admin.conf"} {
		assert.NoFileExists(m.t, filepath.Join(m.root, left), when)
		assert.NoDirExists(m.t, filepath.Join(m.root, left), when)
	}
	manager := m.read("etc/kubernetes/manifests/kube-controller-manager.yaml")
	for _, flag := range []string{"cluster-signing-cert-file=" + m.pki() + "/ca.crt", "cluster-signing-key-file=" + m.pki() + "/ca.key", "root-ca-file=" + m.pki() + "/ca.crt"} {
		assert.Contains(m.t, manager, "- --"+flag+"\n", when)
	}
	assert.Contains(m.t, m.read("etc/kubernetes/manifests/kube-apiserver.yaml"), "--client-ca-file="+m.pki()+"/ca.crt\n", when)
	files, err := os.ReadDir(filepath.Join(m.root, "etc/kubernetes/manifests"))
	require.NoError(m.t, err)
	assert.Len(m.t, files, 4, "kubelet runs every file there: %s", when)
}

// TestScript_KilledAnywhere kills the control plane's script at one of its changes after the other. A control plane that is
// replaced then finds authorities that fit, and the next run ends as one that was never killed.
func TestScript_KilledAnywhere(t *testing.T) {
	whole := newMachine(t)
	former := whole.certificate("state/pki/ca.crt")
	changes, err := whole.rotate(0)
	require.NoError(t, err)
	whole.checkRotated("not killed", former)
	require.Greater(t, changes, 40)
	for stopAt := 1; stopAt < changes; stopAt += stride {
		t.Run(strconv.Itoa(stopAt), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			former := m.certificate("state/pki/ca.crt")
			_, err := m.rotate(stopAt)
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "it must have been killed: %v", err)
			m.checkConsistent("killed")
			_, err = m.rotate(0)
			require.NoError(t, err)
			m.checkRotated("continued", former)
		})
	}
}
