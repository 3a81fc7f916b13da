package stacks

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// program finds a real program that validates user data: the one that an environment variable names, or the one on
// PATH. In CI it must be there.
func program(t *testing.T, name, variable string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("NOT RUN: -short leaves out %s", name)
	}
	if path := os.Getenv(variable); variable != "" && path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "%s is required in CI", name)
		t.Skipf("NOT RUN: %s is not installed", name)
	}
	return path
}

// realStack returns a stack of the real Pulumi engine, with its state in a folder of the test.
func realStack(t *testing.T, run pulumi.RunFunc) auto.Stack {
	t.Helper()
	cli := program(t, "pulumi", "PULUMI")
	t.Setenv("PATH", filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: growbin\nruntime: go\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(dir), auto.Program(run), auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL": "file://" + filepath.Join(dir, "state"), "PULUMI_HOME": filepath.Join(dir, "home"),
		"PULUMI_CONFIG_PASSPHRASE": "test-passphrase", "PULUMI_SKIP_UPDATE_CHECK": "true",
	}))
	require.NoError(t, err)
	stack, err := auto.UpsertStack(t.Context(), "dev", workspace)
	require.NoError(t, err)
	return stack
}

// eachMachine calls f with the user data of every node of every stack.
func eachMachine(t *testing.T, f func(t *testing.T, name string, document *userdata.Document, text []byte)) {
	t.Helper()
	machines := 0
	for _, stack := range allStacks {
		settings, err := decode(t, stack, nil)
		require.NoError(t, err)
		for _, n := range settings.Nodes {
			encoded, err := settings.clusterArgs(&liveAccount{}).UserData(settings.ClusterName(), n.Name, cluster.Buckets{Backups: "backups", Issuer: "issuer"})
			require.NoError(t, err)
			document, err := userdata.Decode(encoded)
			require.NoError(t, err)
			f(t, stack+" "+n.Name, document, cloudConfig(t, encoded))
			machines++
		}
	}
	require.Equal(t, expectedTotals.Nodes*len(allStacks), machines)
}

// cloudConfig is the cloud-config inside the user data.
func cloudConfig(t *testing.T, encoded string) []byte {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	return text
}

// unpacked writes the document's files below a folder, as cloud-init does.
func unpacked(t *testing.T, document *userdata.Document) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range document.Files {
		path := filepath.Join(root, file.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(file.Content), 0o600))
	}
	return root
}

func TestRealTools_CloudInit(t *testing.T) {
	t.Parallel()
	cloudInit := program(t, "cloud-init", "")
	eachMachine(t, func(t *testing.T, name string, _ *userdata.Document, text []byte) {
		path := filepath.Join(t.TempDir(), "user-data")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		output, err := exec.Command(cloudInit, "schema", "--config-file", path).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, output)
		assert.Contains(t, string(output), "Valid", name)
	})
}

func TestRealTools_Shellcheck(t *testing.T) {
	t.Parallel()
	shellcheck := program(t, "shellcheck", "")
	checked := map[string]bool{} // most machines have the same scripts
	eachMachine(t, func(t *testing.T, name string, document *userdata.Document, _ []byte) {
		var all strings.Builder
		for _, file := range document.Files {
			if strings.HasSuffix(file.Path, ".sh") {
				all.WriteString(file.Path + file.Content)
			}
		}
		require.NotEmpty(t, all.String(), name)
		key := fmt.Sprintf("%x", sha256.Sum256([]byte(all.String())))
		if checked[key] {
			return
		}
		checked[key] = true
		command := exec.Command("bash", "-c", `exec "$0" -x -- *.sh`, shellcheck)
		command.Dir = filepath.Join(unpacked(t, document), userdata.ScriptsDir)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, output)
	})
}

func TestRealTools_Kubeadm(t *testing.T) {
	t.Parallel()
	kubeadm := program(t, "kubeadm", "KUBEADM")
	version, err := exec.Command(kubeadm, "version", "--output", "short").Output()
	require.NoError(t, err)
	eachMachine(t, func(t *testing.T, name string, document *userdata.Document, _ []byte) {
		text, err := document.File(userdata.EnvironmentPath)
		require.NoError(t, err)
		variables, err := userdata.ParseEnvironment(text)
		require.NoError(t, err)
		assert.Equal(t, "v"+variables[userdata.EnvKubernetesVersion], strings.TrimSpace(string(version)), "%s is checked by another version's kubeadm", name)
		root := unpacked(t, document)
		config := filepath.Join(root, userdata.KubeadmConfigPath)
		// The discovery file is written while the machine boots; kubeadm insists that it is there.
		discovery := filepath.Join(root, "discovery.conf")
		require.NoError(t, os.WriteFile(discovery, nil, 0o600))
		content, err := os.ReadFile(config)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(config, []byte(strings.ReplaceAll(string(content), userdata.DiscoveryPath, discovery)), 0o600))
		output, err := exec.Command(kubeadm, "config", "validate", "--config", config).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, output)
	})
}

// TestContainerdTakesEveryMachinesConfiguration runs each machine's own script, with the real kubeadm for the name of the
// pause image, and lets containerd read the result.
func TestRealTools_Containerd(t *testing.T) {
	t.Parallel()
	kubeadm, containerd := program(t, "kubeadm", "KUBEADM"), program(t, "containerd", "CONTAINERD")
	version, err := exec.Command(containerd, "--version").Output()
	require.NoError(t, err)
	if !strings.Contains(string(version), " v2.") {
		require.NotEqual(t, "true", os.Getenv("CI"), "containerd 2 is required in CI")
		t.Skipf("NOT RUN: %s is no containerd 2", containerd)
	}
	programs := t.TempDir()
	require.NoError(t, os.Symlink(kubeadm, filepath.Join(programs, "kubeadm")))
	for _, name := range []string{"systemctl", "crictl"} { // this machine's services are left alone
		require.NoError(t, os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"), 0o755))
	}
	read := map[string]bool{}
	eachMachine(t, func(t *testing.T, name string, document *userdata.Document, _ []byte) {
		root := unpacked(t, document)
		script := exec.Command("bash", filepath.Join(root, userdata.ScriptsDir, "containerd.sh"))
		script.Env = append(os.Environ(), "ROOT="+root, "PATH="+programs+":"+os.Getenv("PATH"))
		output, err := script.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, output)
		config := filepath.Join(root, "etc/containerd/config.toml")
		content, err := os.ReadFile(config)
		require.NoError(t, err)
		if read[string(content)] {
			return
		}
		read[string(content)] = true
		var warnings strings.Builder
		dump := exec.Command(containerd, "--config", config, "config", "dump")
		dump.Stderr = &warnings
		found, err := dump.Output()
		require.NoError(t, err, "%s: %s", name, warnings.String())
		assert.NotContains(t, warnings.String(), "unknown key", name)
		assert.NotContains(t, warnings.String(), "level=error", name)
		assert.Contains(t, string(found), "SystemdCgroup = true", name)
		assert.Contains(t, string(found), "sandbox = 'registry.k8s.io/pause:", name)
	})
}
