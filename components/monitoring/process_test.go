package monitoring

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// server is a program that runs until its test ends.
type server struct {
	path string
	args []string
	env  []string
	// as is the user it runs as when the test is root's; some refuse to be root.
	as string
	// stop is the signal it ends by; SIGTERM when zero.
	stop syscall.Signal
	// wait is how long it may take to end.
	wait time.Duration
}

// start runs the server in dir. It ends with the test, with all that it started, even when the test is killed.
func (s server) start(t *testing.T, dir string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, filepath.Base(s.path)+".log"))
	require.NoError(t, err)
	command := exec.Command(s.path, s.args...)
	command.Dir, command.Stdout, command.Stderr = dir, log, log
	command.Env = append(os.Environ(), s.env...)
	command.SysProcAttr = attributes(t, s.as)
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		signal := s.stop
		if signal == 0 {
			signal = syscall.SIGTERM
		}
		_ = command.Process.Signal(signal)
		select {
		case <-ended:
		case <-time.After(max(s.wait, 5*time.Second)):
		}
		// Whatever of its group is left.
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%s", filepath.Base(s.path), tail(text, 2000))
		}
		_ = log.Close()
	})
}

func tail(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

func attributes(t *testing.T, as string) *syscall.SysProcAttr {
	t.Helper()
	out := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid, gid, ok := account(t, as); ok {
		out.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return out
}

// account looks a user up, if the test is root's and therefore can and has to be somebody else.
func account(t *testing.T, name string) (uid, gid uint32, ok bool) {
	t.Helper()
	if name == "" || os.Getuid() != 0 {
		return 0, 0, false
	}
	u, err := user.Lookup(name)
	require.NoError(t, err)
	id := func(text string) uint32 {
		n, err := strconv.ParseUint(text, 10, 32)
		require.NoError(t, err)
		return uint32(n)
	}
	return id(u.Uid), id(u.Gid), true
}

// folder is a new folder that user "as" can use.
func folder(t *testing.T, as string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "monitoring-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if uid, gid, ok := account(t, as); ok {
		require.NoError(t, os.Chown(dir, int(uid), int(gid)))
	}
	return dir
}

// port is a free TCP port of the loopback address.
func port(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
