package kubeadm_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

const diskScript = "/usr/local/lib/kubeadm-bootstrap/data-disk.sh"

func (m *machine) attachDisk() {
	m.t.Helper()
	disk, err := os.Create(m.path("/disk"))
	require.NoError(m.t, err)
	require.NoError(m.t, disk.Truncate(16<<20))
	require.NoError(m.t, disk.Close())
}

func TestDataDisk_Blank(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.requireRun(diskScript)
	first := m.read("/etc/fstab")
	require.Regexp(t, `UUID=[0-9a-f-]{36} /var/lib/redis ext4 defaults,nofail`, first)
	require.Subset(t, m.calls(), []string{"systemctl daemon-reload", "mount /var/lib/redis"})
	require.Equal(t, "[Unit]\nRequiresMountsFor=/var/lib/redis\n", m.read("/etc/systemd/system/kubelet.service.d/20-data-disk.conf"))

	require.Contains(t, m.requireRun(diskScript), "has an ext4 file system: kept")
	require.Equal(t, first, m.read("/etc/fstab"), "the disk was formatted again, or listed twice")
}

// The node's udev rule names the command that the kernel's report of a larger disk starts.
func TestDataDisk_GrowsInUse(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.requireRun(diskScript)
	rule := regexp.MustCompile(`^ACTION=="change", SUBSYSTEM=="block", ENV\{RESIZE\}=="1", ENV\{ID_FS_UUID\}=="([0-9a-f-]{36})", RUN\+="(/usr/sbin/resize2fs) %N"\n$`)
	found := rule.FindStringSubmatch(m.read("/etc/udev/rules.d/90-data-disk.rules"))
	require.NotNil(t, found, "no such rule")
	require.Contains(t, m.read("/etc/fstab"), "UUID="+found[1]+" ")
	require.Equal(t, 16<<20, fileSystemSize(t, m.path("/disk")))

	require.NoError(t, os.Truncate(m.path("/disk"), 48<<20))
	runTool(t, found[2], m.path("/disk"))
	require.Equal(t, 48<<20, fileSystemSize(t, m.path("/disk")))
}

// fileSystemSize reads the size in bytes from the superblock of an ext4 file system.
func fileSystemSize(t *testing.T, path string) int {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	superblock := make([]byte, 32)
	_, err = file.ReadAt(superblock, 1024)
	require.NoError(t, err)
	blocks, blockSize := binary.LittleEndian.Uint32(superblock[4:]), 1024<<binary.LittleEndian.Uint32(superblock[24:])
	return int(blocks) * blockSize
}

func TestDataDisk_NotBlank(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fill func(t *testing.T, path string)
		want string
	}{
		"unknown content": {func(t *testing.T, path string) { writeAt(t, path, 100, "precious") }, "is not blank"},
		"swap":            {func(t *testing.T, path string) { runTool(t, "mkswap", path) }, "has a swap file system, not ext4"},
		"partitions": {func(t *testing.T, path string) {
			// The signature of a partition table, and one partition from sector 2048 on.
			writeAt(t, path, 446, "\x00\x00\x02\x00\x83\x00\x00\x00\x00\x08\x00\x00\x00\x10\x00\x00")
			writeAt(t, path, 510, "\x55\xaa")
		}, "holds something other than a file system"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWorker(t)
			test.fill(t, m.path("/disk"))
			before := m.read("/disk")
			output, err := m.run(diskScript)
			require.Error(t, err)
			require.Contains(t, output, test.want)
			require.True(t, before == m.read("/disk"), "the disk was written to")
		})
	}
}

func writeAt(t *testing.T, path string, offset int64, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte(text), offset)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), "PATH=/usr/sbin:/sbin:/usr/bin:/bin")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestDataDisk_Missing(t *testing.T) {
	t.Parallel()
	m := newMachine(t, workerConfig())
	m.env = []string{"DISK_WAIT=0"}
	output, err := m.run(diskScript)
	require.Error(t, err)
	require.Contains(t, output, "no second disk was attached within 0 s")
}

func TestDataDisk_Late(t *testing.T) {
	t.Parallel()
	m := newMachine(t, workerConfig())
	m.command("sleep", `truncate -s 16M "$ROOT/disk"`)
	m.requireRun(diskScript)
	require.Contains(t, m.read("/etc/fstab"), " /var/lib/redis ext4 ")
}

func TestDataDisk_TwoDisks(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	m.command("lsblk", `case "$*" in -ndo*) echo nvme0n1 ;; *) printf '%s disk\n' /dev/nvme0n1 "$ROOT/disk" /dev/nvme2n1 ;; esac`)
	output, err := m.run(diskScript)
	require.Error(t, err)
	require.Contains(t, output, "more than one disk beside the root disk")
}

// A disk that is attached minutes after a reboot must start kubelet, which systemd has given up on.
func TestDataDisk_LateAfterReboot(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	output, err := m.boot()
	require.NoError(t, err, output)
	m.reboot()
	require.NoError(t, os.Remove(m.path("/mounted")))
	m.write("/calls", "")
	m.command("mount", "exit 32")
	output, err = m.boot()
	require.Error(t, err, "systemd would not try again")
	require.Contains(t, output, "the data disk cannot be mounted at /var/lib/redis")
	require.NotContains(t, m.calls(), "systemctl start kubelet")

	m.command("mount", `touch "$ROOT/mounted"`)
	output, err = m.boot()
	require.NoError(t, err, output)
	require.Equal(t, []string{"mount /var/lib/redis", "systemctl start kubelet"}, m.calls()[len(m.calls())-2:])
}
