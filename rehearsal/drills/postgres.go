package drills

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/stacks"
)

// databaseServer is a real PostgreSQL on this machine, with the configuration, the scripts and the passwords that the program
// deployed into the cluster. kwok runs no container.
type databaseServer struct {
	// folder holds config, passwords, socket, and a folder per disk.
	folder, bin string
	port        int
	// account runs the server, which refuses root; nil for the own account.
	account   *syscall.Credential
	passwords map[string]string
	// databases are name and owner, in the order of provision.sh.
	databases [][2]string
	process   *process.Process
}

// newDatabaseServer writes the files of the cluster as kubelet would mount them.
func newDatabaseServer(ctx context.Context, client kubernetes.Interface, namespace string) (*databaseServer, error) {
	postgres, err := findPostgres()
	if err != nil {
		return nil, err
	}
	s := &databaseServer{bin: filepath.Dir(postgres), passwords: map[string]string{}}
	// Not in the folder of the rehearsal, which is closed to other accounts; and the path of a socket must be short.
	if s.folder, err = os.MkdirTemp("", "db"); err != nil {
		return nil, fmt.Errorf("make the folder of the server: %w", err)
	}
	if s.port, err = process.FreePort(); err != nil {
		return nil, err
	}
	name := ""
	if s.account, name, err = unprivileged(); err != nil {
		return nil, err
	}
	files, err := deployedFiles(ctx, client, namespace)
	if err != nil {
		return nil, err
	}
	if s.passwords, err = deployedPasswords(ctx, client, namespace); err != nil {
		return nil, err
	}
	files["pg_ident.conf"] = strings.Replace(files["pg_ident.conf"], "server postgres ", "server "+name+" ", 1)
	for _, line := range strings.Split(strings.TrimSpace(files["databases"]), "\n") {
		fields := strings.Fields(line)
		s.databases = append(s.databases, [2]string{fields[0], fields[1]})
	}
	for folder, content := range map[string]map[string]string{"config": files, "passwords": s.passwords, "socket": nil, "backups": nil, "received": nil} {
		if err := s.write(folder, content); err != nil {
			return nil, err
		}
	}
	return s, s.own(s.folder)
}

// findPostgres returns the server of Debian 12, or a newer one.
func findPostgres() (string, error) {
	path, err := realserver.Find("postgres")
	if err == nil {
		return path, nil
	}
	others, globErr := filepath.Glob("/usr/lib/postgresql/1[6-9]/bin/postgres")
	if globErr != nil || len(others) == 0 {
		return "", fmt.Errorf("the drill runs a real PostgreSQL (Debian's package postgresql-15): %w", err)
	}
	return others[0], nil
}

// unprivileged returns the account of servers if this process is root's.
func unprivileged() (*syscall.Credential, string, error) {
	own, err := user.Current()
	if err != nil || os.Geteuid() != 0 {
		return nil, own.Username, err
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, "", fmt.Errorf("the account that PostgreSQL runs as: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, "", err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, account.Username, err
}

func deployedFiles(ctx context.Context, client kubernetes.Interface, namespace string) (map[string]string, error) {
	list, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list ConfigMaps: %w", err)
	}
	at := slices.IndexFunc(list.Items, func(c corev1.ConfigMap) bool { return c.Data["provision.sh"] != "" })
	if at < 0 {
		return nil, fmt.Errorf("namespace %s has no ConfigMap with provision.sh", namespace)
	}
	return maps.Clone(list.Items[at].Data), nil
}

func deployedPasswords(ctx context.Context, client kubernetes.Interface, namespace string) (map[string]string, error) {
	list, err := client.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Secrets: %w", err)
	}
	at := slices.IndexFunc(list.Items, func(s corev1.Secret) bool { return len(s.Data["growbin_dump"]) > 0 })
	if at < 0 {
		return nil, fmt.Errorf("namespace %s has no Secret with the passwords of PostgreSQL's roles", namespace)
	}
	out := map[string]string{}
	for role, password := range list.Items[at].Data {
		out[role] = string(password)
	}
	return out, nil
}

func (s *databaseServer) write(folder string, files map[string]string) error {
	dir := filepath.Join(s.folder, folder)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o500); err != nil { //nolint:gosec // scripts are executable
			return fmt.Errorf("write %s: %w", path, err)
		}
		if err := s.own(path); err != nil {
			return err
		}
	}
	return s.own(dir)
}

// own gives a file to the account of the server.
func (s *databaseServer) own(path string) error {
	if s.account == nil {
		return nil
	}
	return os.Chown(path, int(s.account.Uid), int(s.account.Gid))
}

// diskFolder is the content of a volume or snapshot.
func (s *databaseServer) diskFolder(id string) string { return filepath.Join(s.folder, id) }

// run runs a program as in the server's container, and returns its output.
func (s *databaseServer) run(ctx context.Context, env []string, path string, args ...string) (string, error) {
	return s.runWith(ctx, nil, env, path, args...)
}

func (s *databaseServer) runWith(ctx context.Context, stdin io.Reader, env []string, path string, args ...string) (string, error) {
	command := process.Command{Path: path, Args: args, Dir: s.folder, Credential: s.account, Env: append([]string{
		"PATH=" + s.bin + ":" + os.Getenv("PATH"), "LANG=C.UTF-8", "PGHOST=" + filepath.Join(s.folder, "socket"),
		"PGPORT=" + strconv.Itoa(s.port), "PGUSER=postgres", "DATABASES_FILE=" + filepath.Join(s.folder, "config/databases"),
		"CLIENTS_FILE=" + filepath.Join(s.folder, "config/clients"),
		"PASSWORDS_DIR=" + filepath.Join(s.folder, "passwords"), "MONITOR=monitor", "DUMP_CONNECTIONS=2", "WAIT_SECONDS=60",
	}, env...)}
	cmd := command.Exec(ctx)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(out.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// start runs the server on a disk, and provisions it as each start of the pod does. A blank disk gets an empty cluster, as the
// image does it.
func (s *databaseServer) start(ctx context.Context, disk string) error {
	data := s.diskFolder(disk)
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		if _, err := s.run(ctx, nil, filepath.Join(s.bin, "initdb"), "--pgdata="+data, "--username=postgres", "--data-checksums",
			"--encoding=UTF8", "--locale=C.UTF-8"); err != nil {
			return err
		}
	}
	config := filepath.Join(s.folder, "config")
	var err error
	if s.process, err = process.Start(process.Command{
		Path: filepath.Join(s.bin, "postgres"), Dir: s.folder, Credential: s.account, Env: []string{"LANG=C.UTF-8"},
		Args: []string{
			"-D", data, "-c", "config_file=" + config + "/postgresql.conf", "-c", "hba_file=" + config + "/pg_hba.conf",
			"-c", "ident_file=" + config + "/pg_ident.conf", "-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(s.port),
			"-c", "unix_socket_directories=" + filepath.Join(s.folder, "socket"),
		},
	}, filepath.Join(s.folder, "server.log")); err != nil {
		return err
	}
	_, err = s.run(ctx, nil, filepath.Join(config, "provision.sh"))
	return err
}

// sql runs a statement in a database as its owner, over TCP with the deployed password.
func (s *databaseServer) sql(ctx context.Context, database, owner, statement string) (string, error) {
	return s.run(ctx, []string{"PGPASSWORD=" + s.passwords[owner]}, filepath.Join(s.bin, "psql"), "--no-psqlrc", "--no-password", "--quiet",
		"--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username="+owner, "--dbname="+database, "--command="+statement)
}

// insert adds rows to a table of each database.
func (s *databaseServer) insert(ctx context.Context, rows int) error {
	for _, d := range s.databases {
		if _, err := s.sql(ctx, d[0], d[1], fmt.Sprintf(`CREATE TABLE IF NOT EXISTS drill (number bigserial PRIMARY KEY, text text);
			INSERT INTO drill (text) SELECT md5(n::text) FROM generate_series(1, %d) AS n`, rows)); err != nil {
			return err
		}
	}
	return nil
}

// count returns the rows of each database, e.g. "growbin 1000, auth 1000".
func (s *databaseServer) count(ctx context.Context) (string, error) {
	var out []string
	for _, d := range s.databases {
		// By a sequential scan: an index could hide a lost page.
		rows, err := s.sql(ctx, d[0], d[1], "SET enable_indexscan = off; SET enable_indexonlyscan = off; SELECT count(DISTINCT number) FROM drill WHERE length(text) = 32")
		if err != nil {
			return "", err
		}
		out = append(out, d[0]+" "+rows)
	}
	return strings.Join(out, ", "), nil
}

// copyDisk copies a disk at one moment, as a snapshot does: the server and its children stand still meanwhile.
func (s *databaseServer) copyDisk(from, to string) error {
	if _, err := os.Stat(s.diskFolder(from)); err != nil {
		return nil //nolint:nilerr // another volume, of which nobody here keeps the content
	}
	pids, err := s.pids()
	if err != nil {
		return err
	}
	for _, pid := range pids { // the parent first, so that no child is added
		if err := syscall.Kill(pid, syscall.SIGSTOP); errors.Is(err, syscall.ESRCH) {
			continue // a client's process has ended since
		} else if err != nil {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	}
	if out, err := exec.Command("cp", "-a", s.diskFolder(from), s.diskFolder(to)).CombinedOutput(); err != nil {
		return fmt.Errorf("copy disk %s: %w: %s", from, err, out)
	}
	// A new machine has no process of the old one.
	if err := os.Remove(filepath.Join(s.diskFolder(to), "postmaster.pid")); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// pids returns the running server and its children.
func (s *databaseServer) pids() ([]int, error) {
	if s.process == nil {
		return nil, nil
	}
	parent := s.process.PID()
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(parent)).Output()
	if err != nil {
		return nil, fmt.Errorf("list the children of the server: %w", err)
	}
	pids := []int{parent}
	for _, field := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// lose ends the server as a lost machine would, and its disk with it.
func (s *databaseServer) lose(disk string) error {
	pids, err := s.pids()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	s.process.Kill()
	s.process = nil
	return os.RemoveAll(s.diskFolder(disk))
}

// backups is the folder of the dumps.
func (s *databaseServer) backups() string { return filepath.Join(s.folder, "backups") }

// script is the file of a container's command.
func (s *databaseServer) script(container corev1.Container) string {
	return filepath.Join(s.folder, "config", filepath.Base(container.Command[0]))
}

// exec runs a command as in the server's container, with the folders of this machine for those of the container.
func (s *databaseServer) exec(ctx context.Context, stdin io.Reader, command ...string) (string, error) {
	folders := strings.NewReplacer(stacks.DatabaseScripts, filepath.Join(s.folder, "config"), stacks.DatabaseDumps, s.backups())
	for i, argument := range command {
		command[i] = folders.Replace(argument)
	}
	env := []string{"RECEIVED_DIR=" + filepath.Join(s.folder, "received"), "BACKUP_DIR=" + s.backups()}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return "", err
	}
	return s.runWith(ctx, stdin, env, path, command[1:]...)
}

// close stops the server and removes its folder.
func (s *databaseServer) close() {
	if s.process != nil {
		s.process.Stop()
	}
	_ = os.RemoveAll(s.folder)
}
