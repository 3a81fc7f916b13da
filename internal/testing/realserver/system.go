package realserver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BrokerSystem is the variable with the directory of the system of the images of RabbitMQ, redis_exporter and Alertmanager.
const BrokerSystem = "BROKER_SYSTEM"

// PythonSystem is the variable with the directory of the system of the images of the applications.
const PythonSystem = "PYTHON_SYSTEM"

// enter runs a command in another Debian system, in a mount namespace of its own: what it changes there is gone with it. Its
// arguments are the system's directory, the working directory, which both systems share, an account, the cgroup's folder or nothing,
// and the command.
const enter = `set -eu
system=$1 shared=$2 account=$3 cgroup=$4
shift 4
[ -z "$cgroup" ] || echo $$ >"$cgroup/cgroup.procs"
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay none -o "lowerdir=$system,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cp /etc/hosts /mnt/root/etc/hosts
for directory in /proc /dev "$shared"; do
  mkdir -p "/mnt/root$directory"
  mount --rbind "$directory" "/mnt/root$directory"
done
exec /usr/sbin/chroot --userspec="$account" /mnt/root sh -euc 'cd "$0"; exec "$@"' "$shared" "$@"
`

// entered is the command that runs c in its system. Only root can do that.
func (c Command) entered() Command {
	account := "0:0"
	if c.User != nil {
		account = fmt.Sprintf("%d:%d", c.User.UID, c.User.GID)
	}
	cgroup := ""
	if c.Cgroup != nil {
		cgroup = c.Cgroup.folder
	}
	arguments := []string{"--mount", "--propagation", "private", "sh", "-c", enter, "sh", c.System, c.Dir, account, cgroup, c.Path}
	return Command{Path: "/usr/bin/unshare", Args: append(arguments, c.Args...), Env: c.Env}
}

// InSystem returns the Debian system that a variable of the environment names, and the path of a binary there. Without the variable
// it is Binary on this machine, and the system is empty. In CI the variable must be set.
func InSystem(t testing.TB, variable, name string) (system, path string) {
	t.Helper()
	system = os.Getenv(variable)
	if system == "" {
		if os.Getenv("CI") == "true" && !testing.Short() {
			t.Fatalf("not run: %s is not set, and CI must run everything", variable)
		}
		return "", Binary(t, name)
	}
	for _, folder := range append(debianFolders, "/bin") {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(filepath.Join(system, path)); err == nil && !info.IsDir() && !wrapper(path) {
			return system, path
		}
	}
	t.Fatalf("%s has no %s", system, name)
	return "", ""
}
