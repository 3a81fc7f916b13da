package tunnel

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/awscli"
)

// envState is the environment variable with the folder of the fake programs' state.
const envState = "TUNNEL_TEST_STATE"

// TestMain runs the test binary as a fake program when it is called by the name of one.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case awscli.Program:
		fakeAWS(fake{os.Getenv(envState)}, os.Args[1:])
	case pluginProgram:
		fakePlugin(fake{os.Getenv(envState)}, os.Args[1], os.Args[2])
	default:
		if Background() {
			return
		}
		os.Exit(m.Run())
	}
}

// fake is the state that tests and the fake programs share, one file per value.
type fake struct{ dir string }

// newFake installs the fake programs and returns their state.
func newFake(t *testing.T, programs ...string) fake {
	t.Helper()
	bin, self := t.TempDir(), os.Args[0]
	self, err := filepath.Abs(self)
	require.NoError(t, err)
	for _, program := range programs {
		require.NoError(t, os.Symlink(self, filepath.Join(bin, program)))
	}
	f := fake{t.TempDir()}
	t.Setenv("PATH", bin)
	t.Setenv(envState, f.dir)
	return f
}

func (f fake) get(name string) string {
	text, _ := os.ReadFile(filepath.Join(f.dir, name)) // a missing file is an empty value
	return string(text)
}

// set replaces a value in one step: the fake programs read and write concurrently.
func (f fake) set(name, value string) {
	path := filepath.Join(f.dir, name)
	written := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(written, []byte(value), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(written, path); err != nil {
		panic(err)
	}
}

func (f fake) add(name, line string) {
	file, err := os.OpenFile(filepath.Join(f.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	fmt.Fprintln(file, line)
}

// sessions returns the target of each session that was started.
func (f fake) sessions() []string { return strings.Fields(f.get("sessions")) }

// running returns the IDs of the fake processes that still exist.
func (f fake) running() []string {
	var running []string
	for _, id := range strings.Fields(f.get("processes")) {
		status, err := os.ReadFile(filepath.Join("/proc", id, "stat"))
		if err == nil && !strings.Contains(string(status), ") Z ") {
			running = append(running, id)
		}
	}
	return running
}

// fakeAWS is the AWS CLI. The value instance is the ID of the running control plane.
func fakeAWS(f fake, args []string) {
	line := strings.Join(args, " ")
	switch {
	case strings.HasPrefix(line, "ec2 describe-instances"):
		f.set("describe", line)
		switch instance := f.get("instance"); instance {
		case "":
			fmt.Println("[]")
		case "denied":
			fmt.Fprintln(os.Stderr, "An error occurred (UnauthorizedOperation)")
			os.Exit(254)
		default:
			fmt.Printf(`[{"ID": "i-old", "LaunchTime": "2026-11-01T00:00:00+00:00"}, {"ID": %q, "LaunchTime": "2026-11-02T00:00:00+00:00"}]`, instance)
		}
	case strings.HasPrefix(line, "ssm start-session"):
		if f.get("mode") == "refuse" {
			f.add("sessions", "refused")
			fmt.Fprintln(os.Stderr, "\nAn error occurred (TargetNotConnected) when calling StartSession: i-1 is not connected.")
			os.Exit(254)
		}
		f.set("start", line)
		f.add("processes", fmt.Sprint(os.Getpid()))
		target := args[5]
		_, port, _ := strings.Cut(line, "localPortNumber=")
		plugin := exec.Command(pluginProgram, target, port)
		plugin.Stderr = os.Stderr
		signal.Ignore(syscall.SIGINT) // as the AWS CLI does while a plugin runs
		if err := plugin.Run(); err != nil {
			os.Exit(1)
		}
	default:
		fmt.Fprintln(os.Stderr, "unexpected arguments:", line)
		os.Exit(2)
	}
}

// fakePlugin forwards to a TLS server while its target is the running instance and the value mode is empty; otherwise it
// accepts connections and hangs. Mode answer keeps it answering, stubborn makes it ignore SIGTERM.
func fakePlugin(f fake, target, port string) {
	if f.get("mode") == "stubborn" {
		signal.Ignore(syscall.SIGTERM)
	}
	f.add("processes", fmt.Sprint(os.Getpid()))
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	f.add("sessions", target)
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	config := &tls.Config{Certificates: server.TLS.Certificates}
	go func() {
		for f.get("mode") != "exit" {
			time.Sleep(10 * time.Millisecond)
		}
		fmt.Fprintln(os.Stderr, "Your session has been terminated for the following reasons: idle timeout")
		os.Exit(0)
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		mode := f.get("mode")
		if mode == "answer" || f.get("instance") == target && (mode == "" || mode == "stubborn") {
			go func() { _ = tls.Server(connection, config).Handshake() }()
		}
	}
}
