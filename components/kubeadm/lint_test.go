package kubeadm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/ports"
)

// tool finds a program that checks rendered files. In CI it is required; elsewhere its check is skipped.
func tool(t *testing.T, name, fix string) (string, bool) {
	t.Helper()
	if testing.Short() {
		t.Logf("NOT RUN: -short leaves out %s", name)
		return "", false
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path, true
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required in CI: %s", name, fix)
	}
	t.Logf("NOT RUN: %s is not installed (%s)", name, fix)
	return "", false
}

// rendered writes all files of both roles' user data below a directory, and returns the directories by role.
func rendered(t *testing.T) map[string]string {
	t.Helper()
	dirs := map[string]string{}
	for role, config := range map[string]any{"control-plane": controlPlaneConfig(), "worker": workerConfig(), "spot": spotConfig(), "image": imageConfig()} {
		dirs[role] = t.TempDir()
		for _, file := range decode(t, render(t, config)).Files {
			path := filepath.Join(dirs[role], file.Path)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(file.Content), 0o600))
		}
	}
	return dirs
}

func TestScripts_Parse(t *testing.T) {
	t.Parallel()
	for role, dir := range rendered(t) {
		scripts, err := filepath.Glob(filepath.Join(dir, userdata.ScriptsDir, "*.sh"))
		require.NoError(t, err)
		require.NotEmpty(t, scripts, role)
		for _, script := range scripts {
			output, err := exec.Command("bash", "-n", script).CombinedOutput()
			require.NoError(t, err, string(output))
		}
	}
}

func TestScripts_Ports(t *testing.T) {
	t.Parallel()
	for script, address := range map[string]string{
		"approve.sh": fmt.Sprintf("https://$CONTROL_PLANE_IP:%d\n", ports.APIServer),
		"restore.sh": fmt.Sprintf("https://$CONTROL_PLANE_IP:%d\n", ports.EtcdPeer),
		"backup.sh":  fmt.Sprintf("--endpoints=https://127.0.0.1:%d ", ports.EtcdClient),
	} {
		content, err := os.ReadFile(filepath.Join("scripts", script))
		require.NoError(t, err)
		require.Contains(t, string(content), address, script)
	}
}

func TestScripts_Shellcheck(t *testing.T) {
	t.Parallel()
	shellcheck, found := tool(t, "shellcheck", "apt-get install shellcheck")
	if !found {
		return
	}
	for role, dir := range rendered(t) {
		command := exec.Command("bash", "-c", `exec "$0" -x -- *.sh`, shellcheck)
		command.Dir = filepath.Join(dir, userdata.ScriptsDir)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", role, output)
	}
}

func TestUserData_CloudInitSchema(t *testing.T) {
	t.Parallel()
	cloudInit, found := tool(t, "cloud-init", "apt-get install cloud-init")
	if !found {
		return
	}
	for _, config := range []any{controlPlaneConfig(), workerConfig(), imageConfig()} {
		path := filepath.Join(t.TempDir(), "user-data")
		require.NoError(t, os.WriteFile(path, plainText(t, render(t, config)), 0o600))
		output, err := exec.Command(cloudInit, "schema", "--config-file", path).CombinedOutput()
		require.NoError(t, err, string(output))
		require.Contains(t, string(output), "Valid")
	}
}

// TestUserData_KubeadmConfigValid runs the kubeadm named by the variable KUBEADM, or the one on PATH.
func TestUserData_KubeadmConfigValid(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("NOT RUN: -short leaves out kubeadm")
	}
	kubeadm := os.Getenv("KUBEADM")
	if kubeadm == "" {
		path, err := exec.LookPath("kubeadm")
		if err != nil {
			require.NotEqual(t, "true", os.Getenv("CI"), "KUBEADM must name the kubeadm of rehearsal/tools in CI")
			t.Log("NOT RUN: there is no kubeadm on PATH, and KUBEADM names none")
			return
		}
		kubeadm = path
	}
	for role, dir := range rendered(t) {
		path := filepath.Join(dir, userdata.KubeadmConfigPath)
		text, err := os.ReadFile(path)
		if role == "image" {
			require.ErrorIs(t, err, os.ErrNotExist)
			continue
		}
		require.NoError(t, err)
		// kubeadm insists that the discovery file exists, which the machine writes while it boots.
		discovery := filepath.Join(dir, "discovery.conf")
		require.NoError(t, os.WriteFile(discovery, nil, 0o600))
		text = []byte(strings.ReplaceAll(string(text), userdata.DiscoveryPath, discovery))
		require.NoError(t, os.WriteFile(path, text, 0o600))
		output, err := exec.Command(kubeadm, "config", "validate", "--config", path).CombinedOutput()
		require.NoError(t, err, "%s: %s", role, output)
	}
}

// TestScripts_ContainerdConfigValid runs the containerd named by the variable CONTAINERD (rehearsal/tools/containerd), or
// the one on PATH if it is a 2.x.
func TestScripts_ContainerdConfigValid(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("NOT RUN: -short leaves out containerd")
	}
	containerd := os.Getenv("CONTAINERD")
	if containerd == "" {
		version, err := exec.Command("containerd", "--version").Output()
		if err != nil || !strings.Contains(string(version), " v2.") {
			require.NotEqual(t, "true", os.Getenv("CI"), "CONTAINERD must name the containerd of rehearsal/tools in CI")
			t.Log("NOT RUN: there is no containerd 2.x on PATH, and CONTAINERD names none")
			return
		}
		containerd = "containerd"
	}
	m := newMachine(t, workerConfig())
	m.requireRun(userdata.ScriptsDir + "/containerd.sh")
	var warnings strings.Builder
	command := exec.Command(containerd, "--config", m.path("/etc/containerd/config.toml"), "config", "dump")
	command.Stderr = &warnings
	dump, err := command.Output()
	require.NoError(t, err, warnings.String())
	// containerd only warns of an unknown setting.
	require.NotContains(t, warnings.String(), "unknown key")
	require.NotContains(t, warnings.String(), "level=error")
	for _, setting := range []string{
		"version = 3", "disabled_plugins = []", "sandbox = 'registry.example.com/k8s/pause:3.10.2'", "SystemdCgroup = true",
		"config_path = '/etc/containerd/certs.d'", "bin_dirs = ['/opt/cni/bin']",
	} {
		require.Contains(t, string(dump), setting)
	}
}

func TestScripts_SystemdAnalyze(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("NOT RUN: systemd-analyze is not installed")
		return
	}
	dir := rendered(t)["control-plane"]
	units, err := filepath.Glob(filepath.Join(dir, "/etc/systemd/system/*"))
	require.NoError(t, err)
	units = slices.DeleteFunc(units, func(unit string) bool { return strings.HasSuffix(unit, ".d") }) // drop-ins of the kubelet's units
	require.Len(t, units, 7)
	for _, unit := range units {
		// The scripts are not installed here, so the commands are pointed at one that is.
		text, err := os.ReadFile(unit)
		require.NoError(t, err)
		for _, script := range []string{"bootstrap.sh", "approve.sh", "metadata.sh", "renew.sh", "publish.sh", "backup.sh"} {
			text = []byte(strings.ReplaceAll(string(text), userdata.ScriptsDir+"/"+script, "/bin/true"))
		}
		require.NoError(t, os.WriteFile(unit, text, 0o600))
	}
	output, err := exec.Command(analyze, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	require.NoError(t, err, string(output))
	require.NotContains(t, string(output), "Unknown", "a setting is misspelt: %s", output)
}
