package lab

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/tools"
)

func TestOverrides_WrittenToRootDisk(t *testing.T) {
	root := t.TempDir()
	hw := hardware{instanceID: "i-1", userData: []byte("\x1f\x8buser data"), dataDevice: "/dev/loop7", podRange: "10.200.9.0/24"}
	for _, o := range overrides(hw) {
		assert.NotEmpty(t, o.Difference)
		assert.NotEmpty(t, o.Reason, o.Difference)
		assert.NotEmpty(t, o.Files, o.Difference)
		require.NoError(t, o.apply(root), o.Difference)
		require.NoError(t, o.apply(root), "a second time")
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, string(hw.userData), read(seedDirectory+"/user-data"), "the user data is unmodified")
	assert.Contains(t, read("/etc/cni/net.d/10-lab.conflist"), hw.podRange)
	assert.Contains(t, read("/usr/local/bin/lsblk"), "/dev/loop7 disk")
	for _, unit := range []string{"sysinit.target.wants/lab-host.service", "multi-user.target.wants/lab-data-disk.service"} {
		target, err := os.Readlink(filepath.Join(root, "etc/systemd/system", unit))
		require.NoError(t, err)
		assert.FileExists(t, filepath.Join(root, target))
	}
}

func TestOverrides_NoFileOfTheBootScripts(t *testing.T) {
	l := &Lab{options: Options{Root: "../.."}}
	require.NoError(t, l.readSettings())
	taken := map[string]bool{}
	for _, o := range overrides(hardware{}) {
		for _, file := range o.Files {
			taken[file.Path] = true
		}
	}
	for _, path := range []string{
		"/etc/containerd/config.toml", "/etc/kubeadm/kubeadm.yaml", "/etc/crictl.yaml", "/etc/fstab", "/etc/apt/sources.list.d/kubernetes.list",
		"/etc/systemd/system/kubelet.service.d/20-data-disk.conf", "/etc/sysctl.d/99-kubernetes.conf",
	} {
		assert.False(t, taken[path], "%s is written by the boot scripts", path)
	}
}

func TestSettings_OfTheStack(t *testing.T) {
	l := &Lab{options: Options{Root: "../.."}}
	require.NoError(t, l.readSettings())
	assert.Equal(t, "dev", l.settings.Stack)
	_, err := l.topologyNode("k8s-redis")
	require.NoError(t, err)
	_, err = l.topologyNode("k8s-nothing")
	assert.ErrorContains(t, err, "k8s-redis")
}

func TestVersion_RequiredByToolModule(t *testing.T) {
	l := &Lab{options: Options{Root: "../..", Out: io.Discard}}
	version, err := l.version(tools.Containerd())
	require.NoError(t, err)
	assert.Regexp(t, `^2\.\d+\.\d+$`, version)
	version, err = l.version(tools.Crictl())
	require.NoError(t, err)
	assert.Regexp(t, `^1\.\d+\.\d+$`, version)
}

func TestFingerprint_Differences(t *testing.T) {
	before := fingerprint{"/etc/a": "1", "/etc/b": "1", "/etc/fstab": "uuid 1", "/etc/kubernetes/admin.conf": "key 1", "/etc/kubernetes/manifests/etcd.yaml": "1"}
	after := fingerprint{"/etc/a": "2", "/etc/c": "1", "/etc/fstab": "uuid 2", "/etc/kubernetes/admin.conf": "key 2", "/etc/kubernetes/manifests/etcd.yaml": "2"}
	assert.Equal(t, "/etc/a was changed; /etc/b was removed; /etc/kubernetes/manifests/etcd.yaml was changed; /etc/c was added",
		strings.Join(before.withoutUnique().differences(after.withoutUnique()), "; "))
	assert.Contains(t, before.differences(after), "/etc/fstab was changed")
	assert.Empty(t, before.differences(before))
	delete(after, "/etc/kubernetes/admin.conf")
	assert.Contains(t, before.withoutUnique().differences(after.withoutUnique()), "/etc/kubernetes/admin.conf was removed")
}
