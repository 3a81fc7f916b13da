package tunnel

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/awscli"
)

// patience limits a wait of a test; the fake programs are processes, and the machine may be busy.
const patience = 30 * time.Second

// lines collects the log of a tunnel.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) logf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, fmt.Sprintf(format, args...))
}

func (l *lines) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.text, "\n")
}

// freePort returns a local port on which nothing listens.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func options(port int, l *lines) Options {
	return Options{
		Region: "ap-northeast-2", Cluster: "growbin-dev", Node: "k8s-master", Document: "growbin-dev-forward", Port: port, Logf: l.logf,
		Poll: 20 * time.Millisecond, OpenTimeout: patience, HandshakeTimeout: 500 * time.Millisecond, ReadyTimeout: patience,
	}
}

// start runs a tunnel until the end of the test, and returns the function that ends it earlier.
func start(t *testing.T, o Options) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			assert.NoError(t, err)
		case <-time.After(patience):
			t.Error("the tunnel did not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, l *lines, condition func() bool, message string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s\n%s", patience, message, l.all())
		}
	}
}

func TestTunnel_OpensWhenTheControlPlaneAppears(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	o := options(freePort(t), l)
	stop := start(t, o)
	eventually(t, l, func() bool { return strings.Contains(l.all(), "waiting for k8s-master of growbin-dev") }, "it waits")
	assert.Empty(t, f.sessions())
	require.NoError(t, Ready(t.Context(), o), "there is no cluster to wait for")
	f.set("instance", "i-1")
	require.NoError(t, Ready(t.Context(), o))
	assert.Equal(t, []string{"i-1"}, f.sessions(), "of two that run, the newer one")
	for _, part := range []string{"--region ap-northeast-2", "Name=tag:Cluster,Values=growbin-dev", "Name=tag:Name,Values=k8s-master", "Values=running"} {
		assert.Contains(t, f.get("describe"), part)
	}
	assert.Contains(t, f.get("start"), "--document-name growbin-dev-forward")
	assert.Contains(t, f.get("start"), fmt.Sprintf("--parameters localPortNumber=%d", o.Port))
	assert.Equal(t, 1, strings.Count(l.all(), "waiting for"), "a state is logged once")
	assert.Len(t, f.running(), 2)
	stop()
	assert.Empty(t, f.running(), "neither the CLI nor the plugin is left")
}

func TestTunnel_ControlPlaneReplaced(t *testing.T) {
	for _, mode := range []string{"", "answer"} { // the handshake fails, or the instance's ID alone reveals it
		t.Run("mode="+mode, func(t *testing.T) {
			f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
			f.set("instance", "i-1")
			f.set("mode", mode)
			o := options(freePort(t), l)
			start(t, o)
			eventually(t, l, func() bool { return strings.Contains(l.all(), "is ready") }, "the first session")
			f.set("instance", "i-2")
			eventually(t, l, func() bool { return strings.Count(l.all(), "is ready") == 2 }, "the second session")
			assert.Equal(t, []string{"i-1", "i-2"}, f.sessions())
			assert.Len(t, f.running(), 2, "the old session's processes have ended")
		})
	}
}

func TestTunnel_ControlPlaneGone(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	f.set("mode", "answer")
	start(t, options(freePort(t), l))
	eventually(t, l, func() bool { return strings.Contains(l.all(), "is ready") }, "the first session")
	f.set("instance", "")
	eventually(t, l, func() bool { return strings.Contains(l.all(), "waiting for k8s-master") }, "it waits for the next one")
	assert.Empty(t, f.running())
}

func TestTunnel_PluginHangs(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	o := options(freePort(t), l)
	f.set("instance", "i-1")
	start(t, o)
	eventually(t, l, func() bool { return strings.Contains(l.all(), "is ready") }, "the first session")
	f.set("mode", "hang") // as after a laptop's sleep: connections are accepted and nothing answers
	eventually(t, l, func() bool { return strings.Contains(l.all(), "no longer answers") }, "it sees the hang")
	f.set("mode", "")
	require.NoError(t, Ready(t.Context(), o))
	assert.GreaterOrEqual(t, len(f.sessions()), 2)
}

func TestTunnel_SessionThatNeverAnswers(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	o := options(freePort(t), l)
	o.OpenTimeout, o.HandshakeTimeout = 100*time.Millisecond, 50*time.Millisecond
	f.set("instance", "i-1")
	f.set("mode", "hang")
	start(t, o)
	eventually(t, l, func() bool { return len(f.sessions()) >= 2 }, "it opens another one")
	assert.Contains(t, l.all(), "no answer within 100ms")
}

func TestTunnel_SessionEnds(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	o := options(freePort(t), l)
	start(t, o)
	require.NoError(t, Ready(t.Context(), o))
	f.set("mode", "exit")
	eventually(t, l, func() bool { return strings.Contains(l.all(), "the session ended: Your session has been terminated") }, "the reason is logged")
	f.set("mode", "")
	require.NoError(t, Ready(t.Context(), o))
}

func TestTunnel_AgentNotConnectedYet(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	f.set("mode", "refuse")
	o := options(freePort(t), l)
	start(t, o)
	eventually(t, l, func() bool { return strings.Contains(l.all(), "TargetNotConnected") }, "AWS's error is logged")
	f.set("mode", "")
	require.NoError(t, Ready(t.Context(), o))
}

func TestTunnel_LookupFails(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "denied")
	o := options(freePort(t), l)
	start(t, o)
	eventually(t, l, func() bool { return strings.Contains(l.all(), "UnauthorizedOperation") }, "AWS's error is logged")
	require.ErrorContains(t, Ready(t.Context(), o), "UnauthorizedOperation")
	f.set("instance", "i-1")
	require.NoError(t, Ready(t.Context(), o))
}

func TestTunnel_PluginIgnoresSIGTERM(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	f.set("mode", "stubborn")
	o := options(freePort(t), l)
	stop := start(t, o)
	require.NoError(t, Ready(t.Context(), o))
	stop()
	assert.Empty(t, f.running())
}

func TestTunnel_PortInUse(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	err = Run(t.Context(), options(port, l))
	require.ErrorContains(t, err, fmt.Sprintf("local port %d is in use", port))
	require.ErrorContains(t, err, "apiTunnelPort")
	assert.Empty(t, f.sessions())
}

func TestTunnel_ProgramMissing(t *testing.T) {
	l := &lines{}
	newFake(t)
	require.ErrorContains(t, Run(t.Context(), options(freePort(t), l)), "AWS CLI (aws) is not installed")
	require.ErrorContains(t, Ready(t.Context(), options(freePort(t), l)), "AWS CLI (aws) is not installed")
	f := newFake(t, awscli.Program)
	require.ErrorContains(t, Run(t.Context(), options(freePort(t), l)), "session-manager-plugin) is not installed")
	assert.Empty(t, f.sessions())
}

func TestReady_NoTunnelRuns(t *testing.T) {
	f, l := newFake(t, awscli.Program), &lines{}
	f.set("instance", "i-1")
	o := options(freePort(t), l)
	o.ReadyTimeout = 100 * time.Millisecond
	require.ErrorContains(t, Ready(t.Context(), o), "the tunnel must be running")
}

func TestReady_DeadTunnelIsNotReady(t *testing.T) {
	f, l := newFake(t, awscli.Program), &lines{}
	f.set("instance", "i-1")
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	require.NoError(t, err)
	defer listener.Close()
	o := options(listener.Addr().(*net.TCPAddr).Port, l)
	o.ReadyTimeout, o.HandshakeTimeout = 300*time.Millisecond, 100*time.Millisecond
	require.ErrorContains(t, Ready(t.Context(), o), "does not answer")
}

// TestTunnel_SIGTERMLeavesNoProcess runs a tunnel in a process of its own, as the command does.
func TestTunnel_SIGTERMLeavesNoProcess(t *testing.T) {
	const envPort = "TUNNEL_TEST_PORT"
	if text := os.Getenv(envPort); text != "" {
		var port int
		_, err := fmt.Sscan(text, &port)
		require.NoError(t, err)
		ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
		defer stop()
		require.NoError(t, Run(ctx, options(port, &lines{})))
		return
	}
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	o := options(freePort(t), l)
	command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", envPort, o.Port))
	require.NoError(t, command.Start())
	require.NoError(t, Ready(t.Context(), o))
	require.Len(t, f.running(), 2)
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, command.Wait())
	assert.Empty(t, f.running())
}
