package kubeadm_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

func imageConfig() kubeadm.ImageConfig {
	return kubeadm.ImageConfig{
		Region: "ap-northeast-2", KubernetesVersion: "1.36.3", Images: []string{"quay.io/calico/node:v3.32.2", "redis:7.2.16"},
	}
}

// bake boots a machine that becomes an image.
func bake(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, imageConfig())
	m.command("cloud-init", "exit 0")
	m.command("journalctl", "exit 0")
	m.write("/etc/ssh/ssh_host_ed25519_key", "secret")
	m.write("/etc/hostname", "image")
	m.write("/home/ubuntu/.ssh/authorized_keys", "a person's key")
	m.write("/var/log/journal/0/system.journal", "what happened here")
	output, err := m.boot()
	require.NoError(t, err, output)
	return m
}

// launch is a machine with the disk of another, and user data of its own.
func launch(t *testing.T, image *machine, config any) *machine {
	t.Helper()
	m := newMachine(t, config)
	require.NoError(t, os.RemoveAll(m.path("/var/lib/kubeadm-bootstrap")))
	require.NoError(t, os.CopyFS(m.path("/var/lib/kubeadm-bootstrap"), os.DirFS(image.path("/var/lib/kubeadm-bootstrap"))))
	require.NoError(t, os.CopyFS(m.path("/etc/apt"), os.DirFS(image.path("/etc/apt"))))
	// The sources are fakes of each test; a real image and its nodes have the same.
	environment := strings.ReplaceAll(m.read("/etc/kubeadm/bootstrap.env"), m.aws.URL, image.aws.URL)
	for _, keep := range []string{"IMDS_ENDPOINT", "SSM_ENDPOINT"} {
		environment = strings.ReplaceAll(environment, keep+"='"+image.aws.URL, keep+"='"+m.aws.URL)
	}
	m.write("/etc/kubeadm/bootstrap.env", environment)
	m.attachDisk()
	return m
}

func TestImage_Content(t *testing.T) {
	t.Parallel()
	m := bake(t)
	calls := m.calls()
	for _, call := range []string{
		"apt-mark hold kubelet kubectl", "crictl pull registry.example.com/k8s/kube-apiserver:v1.36.3",
		"crictl pull quay.io/calico/node:v3.32.2", "crictl pull redis:7.2.16",
		"systemctl disable kubeadm-bootstrap.service kubelet.service", "cloud-init clean --logs --seed --machine-id",
	} {
		require.Contains(t, calls, call)
	}
	require.Equal(t, "systemctl poweroff", calls[len(calls)-1])
	for _, gone := range []string{
		"/etc/ssh/ssh_host_ed25519_key", "/etc/hostname", "/home/ubuntu/.ssh/authorized_keys", "/var/log/journal/0", "/etc/kubeadm",
		"/var/lib/kubeadm-bootstrap/ready.done",
	} {
		require.False(t, m.exists(gone), "%s would be in the image", gone)
	}
	require.Empty(t, m.aws.calls, "a machine without a role asked AWS")
}

func TestImage_StepFails(t *testing.T) {
	t.Parallel()
	m := newMachine(t, imageConfig())
	m.env = []string{"REPORT_ATTEMPTS=1"}
	m.command("crictl", `case "$*" in *redis:7.2.16) exit 1 ;; esac`)
	output, err := m.boot()
	require.Error(t, err)
	require.Contains(t, output, "images could not be pulled: redis:7.2.16")
	require.NotContains(t, m.calls(), "systemctl poweroff")
}

func TestImage_NodeSkipsDoneSteps(t *testing.T) {
	t.Parallel()
	config := workerConfig()
	config.Images = []string{"redis:7.2.16", "ghcr.io/growbin/waste-api:1.0.0"}
	node := launch(t, bake(t), config)
	node.command("crictl", `case "$*" in "inspecti "*waste-api*) exit 1 ;; "inspecti "*) echo "sha256:of-${*: -1}" ;; esac`)
	// Like containerd, it mounts nothing at a place where something was mounted before.
	node.command("ctr", `case "$*" in *" images mount "*) ! grep -qxF "${*: -1}" "$ROOT/mounts" 2>/dev/null && echo "${*: -1}" >>"$ROOT/mounts" ;; esac`)
	output, err := node.boot()
	require.NoError(t, err, output)
	require.NotContains(t, node.read("/calls"), "apt-get")
	require.Contains(t, node.calls(), "crictl pull ghcr.io/growbin/waste-api:1.0.0", "what the image lacks is not fetched")
	require.Contains(t, node.read("/calls"), "ctr -n k8s.io images mount sha256:of-redis:7.2.16 ", "what the image has is not read")
	mounts := strings.Count(node.read("/calls"), "ctr -n k8s.io images mount ")
	require.Greater(t, mounts, 1)
	require.Equal(t, mounts, strings.Count(node.read("/calls"), "ctr -n k8s.io images unmount --rm "), "an image could not be mounted, and was not read")
	require.NotContains(t, node.read("/calls"), "crictl pull redis")
	require.Contains(t, node.read("/calls"), "kubeadm join")
	require.Equal(t, kubeadm.PhaseReady, node.lastStatus().Phase)
}

func TestImage_NodeOfOtherVersionRepeatsSteps(t *testing.T) {
	t.Parallel()
	image := bake(t)
	for name, change := range map[string]func(*kubeadm.WorkerConfig){
		"kubelet=1.36.4-1.1":  func(c *kubeadm.WorkerConfig) { c.KubernetesVersion = "1.36.4" },
		"containerd.io=2.3.1": func(c *kubeadm.WorkerConfig) { c.ContainerdVersion = "2.3.1" },
	} {
		config := workerConfig()
		change(&config)
		node := launch(t, image, config)
		output, err := node.boot()
		require.NoError(t, err, output)
		require.Contains(t, node.read("/calls"), name)
	}
}

func TestImage_ScriptChanged(t *testing.T) {
	t.Parallel()
	node := launch(t, bake(t), workerConfig())
	path := "/usr/local/lib/kubeadm-bootstrap/containerd.sh"
	node.write(path, node.read(path)+"# another line\n")
	output, err := node.boot()
	require.NoError(t, err, output)
	require.Contains(t, node.calls(), "systemctl restart containerd")
	require.NotContains(t, node.read("/calls"), "apt-get")
}

// Marks were empty before they had fingerprints, and a node that is ready has nothing left to do, whatever its marks say.
func TestImage_RunningNodeIgnoresMarks(t *testing.T) {
	t.Parallel()
	for name, mark := range map[string]string{"old": "", "other": "0123456789abcdef0123456789abcdef"} {
		m := newWorker(t)
		m.markDone("data-disk", "worker", "ready")
		m.write("/mounted", "")
		for _, step := range []string{"host", "packages", "containerd"} {
			m.write("/var/lib/kubeadm-bootstrap/"+step+".done", mark)
		}
		output, err := m.boot()
		require.NoError(t, err, output)
		require.Equal(t, []string{"mountpoint -q " + m.path("/var/lib/redis")}, m.calls(), name)
	}
}

func TestBoot_ImagesPulledInBackground(t *testing.T) {
	t.Parallel()
	config := workerConfig()
	config.Images = []string{"redis:7.2.16"}
	m := newMachine(t, config)
	m.attachDisk()
	output, err := m.boot()
	require.NoError(t, err, output)
	calls := m.calls()
	require.Contains(t, calls, "crictl pull registry.example.com/k8s/kube-proxy:v1.36.3")
	require.Contains(t, calls, "crictl pull redis:7.2.16")
	require.NotContains(t, m.read("/calls"), "pull registry.example.com/k8s/kube-apiserver", "a worker needs no API server")
}

func TestBoot_MissingImageIgnored(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("crictl", `case "$*" in "pull "*|"inspecti "*) exit 1 ;; esac`)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Equal(t, kubeadm.PhaseReady, m.lastStatus().Phase)
}

func TestBoot_AllPackageListsOnDemand(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("apt-get", `case "$*" in *Dir::Etc*" install "*) echo "E: Unable to correct problems" >&2; exit 100 ;; esac`)
	output, err := m.boot()
	require.NoError(t, err, output)
	require.Contains(t, output, "fetching all package lists")
	require.Contains(t, m.calls(), "apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -o APT::Update::Error-Mode=any update")
}

func TestImageUserData_InvalidConfig(t *testing.T) {
	t.Parallel()
	config := imageConfig()
	config.KubernetesVersion, config.Images = "1.2", []string{"redis", "redis:7; reboot"}
	_, err := kubeadm.ImageUserData(config)
	for _, part := range []string{`KubernetesVersion`, `"redis"`, `"redis:7; reboot"`} {
		require.ErrorContains(t, err, part)
	}
}
