package kubeadm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// machine is a directory that the boot scripts take for a machine's root, with commands that would change a real one replaced.
// blkid, mkfs.ext4, curl, gpg, python3 and openssl are real.
type machine struct {
	t    *testing.T
	aws  *fakeAWS
	root string
	// env are variables for the scripts, e.g. JOIN_WAIT=1.
	env []string
	// input is the standard input of the scripts.
	input string
}

// newMachine writes the files of the rendered user data as cloud-init would.
func newMachine(t *testing.T, config any) *machine {
	t.Helper()
	m := &machine{t: t, aws: newFakeAWS(t), root: t.TempDir()}
	sources := kubeadm.Sources{
		IMDSEndpoint: m.aws.URL, SSMEndpoint: m.aws.URL, S3Endpoint: m.aws.URL, ELBEndpoint: m.aws.URL,
		KubernetesAPT: m.aws.URL + "/deb/", KubernetesAPTKey: m.aws.URL + "/key/kubernetes",
		ContainerdAPT: m.aws.URL + "/docker", ContainerdAPTKey: m.aws.URL + "/key/docker",
		KubernetesFingerprint: "DBAE8728DC611A7F4E6242D2E814B6F9C94D6A70", ContainerdFingerprint: "1549347E908775ABC0B6847CCEEC7F0729BEB7B7",
		ImageRepository: "registry.example.com/k8s",
	}
	switch c := config.(type) {
	case kubeadm.ControlPlaneConfig:
		c.Sources = sources
		config = c
	case kubeadm.WorkerConfig:
		c.Sources = sources
		config = c
	case kubeadm.ImageConfig:
		c.Sources = sources
		config = c
	}
	for _, file := range decode(t, render(t, config)).Files {
		m.write(file.Path, file.Content)
		require.NoError(t, os.Chmod(m.path(file.Path), permissions(t, file.Permissions)))
	}
	m.write("/etc/os-release", "VERSION_CODENAME=noble\n")
	m.write("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n")
	m.write("/usr/lib/systemd/system/kubelet.service", "") // as kubelet's package does
	m.write("/calls", "")
	m.write("/kubeconfig", kubeconfigLasting(t, 365*24*time.Hour))
	m.installCommands()
	return m
}

func permissions(t *testing.T, octal string) os.FileMode {
	var mode uint32
	_, err := fmt.Sscanf(octal, "%o", &mode)
	require.NoError(t, err)
	return os.FileMode(mode)
}

func (m *machine) path(at string) string { return filepath.Join(m.root, at) }

func (m *machine) write(at, content string) {
	m.t.Helper()
	require.NoError(m.t, os.MkdirAll(filepath.Dir(m.path(at)), 0o755))
	require.NoError(m.t, os.WriteFile(m.path(at), []byte(content), 0o644))
}

func (m *machine) read(at string) string {
	m.t.Helper()
	content, err := os.ReadFile(m.path(at))
	require.NoError(m.t, err)
	return string(content)
}

func (m *machine) exists(at string) bool {
	_, err := os.Lstat(m.path(at))
	return err == nil
}

// command replaces a command by a shell script. Every call is recorded in /calls.
func (m *machine) command(name, script string) {
	m.t.Helper()
	m.write("/bin/"+name, fmt.Sprintf(commandFrame, name, script))
	require.NoError(m.t, os.Chmod(m.path("/bin/"+name), 0o755))
}

// commandFrame records the call. With POWER=before or after, the first time that a call is made the machine loses its power.
const commandFrame = `#!/bin/bash
call="%[1]s $*" power=${POWER:-on}
call=${call//etcd.??????/etcd} # a place with a random name
! grep -qxF -- "$call" "$ROOT/calls" || power=on
case $call in findmnt*|lsblk*|mountpoint*|*" list "*|"crictl info"|"kubectl "*" get "*|"crictl inspecti "*|"crictl pull "*|"ctr "*) power=on ;; esac # these change nothing, or nothing that is needed
printf '%%s\n' "$call" >>"$ROOT/calls"
lose_power() { kill -KILL "$BOOT_PID"; kill -KILL 0; }
body() {
%[2]s
}
[ "$power" != before ] || lose_power
(body "$@") && code=0 || code=$?
[ "$power" != after ] || lose_power
exit "$code"
`

func (m *machine) installCommands() {
	for _, name := range []string{"systemctl", "sysctl", "modprobe", "swapoff", "apt-get", "apt-mark", "dpkg", "ctr", "iptables"} {
		m.command(name, "exit 0")
	}
	m.command("findmnt", "echo /dev/nvme0n1p1")
	m.command("lsblk", `case "$*" in
	"-ndo PKNAME /dev/nvme0n1p1") echo nvme0n1 ;;
	"-dnpo NAME,TYPE") printf '%s disk\n' /dev/nvme0n1; echo "/dev/loop0 loop"; [ ! -e "$ROOT/disk" ] || echo "$ROOT/disk disk" ;;
	*) exit 64 ;;
	esac`)
	m.command("mountpoint", `[ -e "$ROOT/mounted" ]`)
	m.command("mount", `touch "$ROOT/mounted"`)
	m.command("kubeadm", fakeKubeadm)
	m.command("kubectl", fakeKubectl)
	m.command("crictl", fakeCrictl)
	m.command("ctr", fakeCtr)
}

// fakeKubeadm writes the files of kubeadm that the scripts read.
const fakeKubeadm = `state=$ROOT/var/lib/control-plane
case "$*" in
"config images list "*)
	printf 'registry.example.com/k8s/%s\n' kube-apiserver:v1.36.3 kube-proxy:v1.36.3 pause:3.10.2 etcd:3.6.8-0 ;;
"config images pull "*) ;;
"init "*)
	[ ! -e "$ROOT/etc/kubernetes/admin.conf" ] || { echo "admin.conf exists" >&2; exit 1; }
	mkdir -p "$state/pki/etcd" "$state/etcd/member/snap" "$ROOT/etc/kubernetes/manifests"
	[ -e "$state/etcd/member/snap/db" ] || echo "objects ${SEED:-1}" >"$state/etcd/member/snap/db"
	for file in ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key; do
		[ -e "$state/pki/$file" ] || echo "$file ${SEED:-1}" >"$state/pki/$file"
	done
	for file in apiserver.crt front-proxy-client.crt etcd/server.crt; do
		[ ! -e "$state/pki/$file" ] || { echo "$file has other names" >&2; exit 1; }
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=leaf -keyout /dev/null -out "$state/pki/$file" 2>/dev/null
	done
	echo admin >"$ROOT/etc/kubernetes/admin.conf"
	echo pod >"$ROOT/etc/kubernetes/manifests/etcd.yaml"
	echo "Your Kubernetes control-plane has initialized successfully!" ;;
"certs renew all "*)
	find "$state/pki" -name '*.crt' ! -name ca.crt ! -name front-proxy-ca.crt | while read -r file; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=new -keyout /dev/null -out "$file" 2>/dev/null
	done ;;
"kubeconfig user "*) cat "$ROOT/kubeconfig" ;;
"join --config "*)
	[ "$(stat -c %a "$ROOT/etc/kubeadm/discovery.conf")" = 600 ] || { echo "discovery file is open to others" >&2; exit 1; }
	grep -q '# good' "$ROOT/etc/kubeadm/discovery.conf" || { echo "Unauthorized: the certificate has expired" >&2; exit 1; }
	mkdir -p "$ROOT/etc/kubernetes" "$ROOT/var/lib/kubelet/pki"
	. "$ROOT/etc/kubeadm/bootstrap.env"
	echo "    server: $IMDS_ENDPOINT" >"$ROOT/etc/kubernetes/kubelet.conf"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=kubelet -keyout /dev/null \
		-out "$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem" 2>/dev/null ;;
*) echo "unexpected: kubeadm $*" >&2; exit 64 ;;
esac`

// fakeCrictl runs etcd's container, whose snapshot is a copy of its database.
const fakeCrictl = `state=$ROOT/var/lib/control-plane
case "$*" in
"ps --name ^etcd$ "*) [ ! -e "$state/etcd/member" ] || echo c0ffee ;;
"exec c0ffee etcd --version") printf 'etcd Version: %s\nGit SHA: Not provided\n' "${ETCD:-3.6.8}" ;;
"exec c0ffee etcdctl "*" snapshot save "*) cp "$state/etcd/member/snap/db" "$ROOT${*: -1}" ;;
"exec c0ffee etcdutl snapshot status -w json "*) [ -s "$ROOT${*: -1}" ] && echo '{"hash":1,"revision":42,"totalKey":7,"totalSize":20480,"version":"3.6.0"}' ;;
exec*) echo "unexpected: crictl $*" >&2; exit 64 ;;
"inspecti "*) grep -qx "crictl pull ${*: -1}" "$ROOT/calls" ;;
esac`

// fakeCtr mounts an image with an etcdutl, which makes a database of a snapshot.
const fakeCtr = `target=${*: -1}
case "$*" in
"-n k8s.io images unmount --rm "*) rm -rf "$target" ;;
"-n k8s.io images mount registry.example.com/k8s/etcd:3.6.8-0 "*)
	! grep -qxF "$target" "$ROOT/mounts" 2>/dev/null || { echo "ctr: activate error: mount \"$target\": already exists" >&2; exit 1; }
	echo "$target" >>"$ROOT/mounts"
	mkdir -p "$target/usr/local/bin"
	cat >"$target/usr/local/bin/etcdutl" <<'ETCDUTL'
#!/bin/bash
printf 'etcdutl %s\n' "$*" >>"$ROOT/calls"
[ "$1 $2 $4" = "snapshot restore --data-dir" ] || exit 64
[ ! -e "$5" ] || { echo "data-dir $5 exists" >&2; exit 1; }
mkdir -p "$5/member/snap" && cp "$3" "$5/member/snap/db"
ETCDUTL
	chmod 755 "$target/usr/local/bin/etcdutl" ;;
*) echo "unexpected: ctr $*" >&2; exit 64 ;;
esac`

// fakePods is crictl of a node whose kubelet starts each stopped container anew, with the next number.
const fakePods = `count() { cat "$ROOT/pods/$1" 2>/dev/null || echo 0; }
case "$*" in
"ps --name ^"*) name=${3#^} name=${name%\$} && echo "$name-$(count "$name")" ;;
"stop --timeout 30 "*) name=${4%-*} && mkdir -p "$ROOT/pods" && echo $(($(count "$name") + 1)) >"$ROOT/pods/.new" && mv "$ROOT/pods/.new" "$ROOT/pods/$name" ;;
*) echo "unexpected: crictl $*" >&2; exit 64 ;;
esac`

// fakeKubectl is an API server that signs every request. The file ready names the nodes that are Ready.
const fakeKubectl = `case "$*" in
*" delete --ignore-not-found "*) ;;
*" apply -f -") mkdir -p "$ROOT/bindings" && cat >"$ROOT/bindings/.new" && mv "$ROOT/bindings/.new" "$ROOT/bindings/$(sed -n 's/^  name: "*\([^"]*\)"*$/\1/p' "$ROOT/bindings/.new")" ;;
*" get clusterrolebinding "*) sed -n 's/.*kind: Group, name: "\(.*\)"}/\1/p' "$ROOT/bindings/$6" 2>/dev/null || true ;;
*" get --raw /openid/v1/jwks") echo '{"keys":["public"]}' ;;
*" get node "*) [ ! -e "$ROOT/ready" ] || ! grep -qw -- "$6" "$ROOT/ready" || printf True ;;
*" create -o name -f -") cat >>"$ROOT/requests" && echo certificatesigningrequest.certificates.k8s.io/join-x ;;
*" certificate approve join-x" | *" wait certificatesigningrequest.certificates.k8s.io/join-x "*) ;;
*" get certificatesigningrequest.certificates.k8s.io/join-x "*) printf Q0VSVElGSUNBVEU= ;;
*) echo "unexpected: kubectl $*" >&2; exit 64 ;;
esac`

// boot runs the driver as systemd would, once, and returns its output.
func (m *machine) boot() (string, error) {
	return m.run(userdata.DriverPath)
}

// run executes one script of the machine with a deadline.
func (m *machine) run(script string) (string, error) {
	m.t.Helper()
	return m.runWith(script)
}

// runWith gives the script arguments.
func (m *machine) runWith(script string, arguments ...string) (string, error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	// A fake kills the shell by its process number to simulate a power failure.
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", `export BOOT_PID=$$; exec bash "$0" "$@"`, m.path(script)}, arguments...)...)
	cmd.Env = append([]string{
		"ROOT=" + m.root, "HOME=" + m.root, "PATH=" + m.path("/bin") + ":/usr/bin:/bin:/usr/sbin:/sbin",
		"RETRY_DELAY=0", "READ_INTERVAL=0.01", "DISK_INTERVAL=0.01", "JOIN_INTERVAL=0.01",
	}, m.env...)
	cmd.Stdin = strings.NewReader(m.input)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	m.settle()
	return output.String(), err
}

// settle waits for the background pull of images.
func (m *machine) settle() {
	m.t.Helper()
	require.Eventually(m.t, func() bool {
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		require.NoError(m.t, err)
		for _, line := range lines {
			if command, err := os.ReadFile(line); err == nil && bytes.Contains(command, []byte(m.path("/usr/local/lib"))) {
				return false
			}
		}
		return true
	}, 20*time.Second, 50*time.Millisecond, "a script is still running")
}

// calls are the replaced commands' calls so far, each with its arguments.
func (m *machine) calls() []string {
	return strings.Split(strings.TrimSpace(m.read("/calls")), "\n")
}

// lastStatus decodes the last status that the machine reported.
func (m *machine) lastStatus() kubeadm.StatusMessage {
	m.t.Helper()
	var statuses []string
	m.aws.do(func() { statuses = append(statuses, m.aws.statuses...) })
	require.NotEmpty(m.t, statuses, "no status was reported")
	return parseStatus(m.t, statuses[len(statuses)-1])
}

func parseStatus(t *testing.T, text string) kubeadm.StatusMessage {
	t.Helper()
	var status kubeadm.StatusMessage
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&status))
	require.Equal(t, instanceID, status.InstanceID)
	_, err := time.Parse(time.RFC3339, status.Time)
	require.NoError(t, err)
	return status
}

// reboot removes the files in memory.
func (m *machine) reboot() {
	m.t.Helper()
	require.NoError(m.t, os.RemoveAll(m.path("/run")))
}

var uuid = regexp.MustCompile(`(UUID[}]?=+"?)[0-9a-f-]{36}`)
var certificatePEM = regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----`)
var fingerprint = regexp.MustCompile(`\b[0-9a-f]{32}\b`) // of a step: it contains the address of the fake AWS
var encryptionKey = regexp.MustCompile(`"name":"[^"]*","secret":"[^"]*"`)
var groupTime = regexp.MustCompile(`:[0-9]{19}`)
var timestamp = regexp.MustCompile(`_seconds(\{.*\})? [0-9]+`) // of a metric, when it was written

// files returns the files that outlive a reboot, mode and content by path, without machine-specific parts.
func (m *machine) files() map[string]string {
	m.t.Helper()
	files := map[string]string{}
	require.NoError(m.t, filepath.WalkDir(m.root, func(at string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && at == m.path("/run") {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || entry.Name() == "calls" || entry.Name() == "mounts" || entry.Name() == "disk" || entry.Name() == "kubeconfig" {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(at)
		text := strings.NewReplacer(m.root, "", m.aws.URL, "http://aws").Replace(string(content))
		text = groupTime.ReplaceAllString(text, ":TIME")
		text = encryptionKey.ReplaceAllString(text, "KEY")
		text = certificatePEM.ReplaceAllString(fingerprint.ReplaceAllString(text, "FINGERPRINT"), "CERTIFICATE")
		files[strings.TrimPrefix(at, m.root)] = info.Mode().String() + " " + timestamp.ReplaceAllString(uuid.ReplaceAllString(text, "$1"), "_seconds$1 TIME")
		return err
	}))
	return files
}
