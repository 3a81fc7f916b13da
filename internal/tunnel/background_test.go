package tunnel

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/awscli"
)

// engine is the address of a server that stands for Pulumi's engine, until end is called.
func engine(t *testing.T) (address string, end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
	}()
	return listener.Addr().String(), func() { listener.Close() }
}

func TestConnect_TunnelLivesAsLongAsItsEngines(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	o, folder := options(freePort(t), l), t.TempDir()
	first, endFirst := engine(t)
	second, endSecond := engine(t)
	require.NoError(t, Connect(t.Context(), o, first, folder))
	assert.Equal(t, []string{"i-1"}, f.sessions())
	require.NoError(t, Connect(t.Context(), o, second, folder))
	assert.Equal(t, []string{"i-1"}, f.sessions(), "the tunnel that serves is used")

	endFirst()
	gone := func() bool {
		left, err := filepath.Glob(filepath.Join(folder, "users", "*"))
		return err == nil && len(left) == 1
	}
	eventually(t, l, gone, "the first engine is forgotten")
	require.NoError(t, Ready(t.Context(), o), "the second engine uses it")
	endSecond()
	eventually(t, l, func() bool { return len(f.running()) == 0 }, "neither the CLI nor the plugin is left")
	eventually(t, l, func() bool { return strings.Contains(lastLineOf(filepath.Join(folder, "log")), "nobody uses") }, "it ends by itself")
}

func TestConnect_NamesTheReason(t *testing.T) {
	f, l := newFake(t, awscli.Program, pluginProgram), &lines{}
	f.set("instance", "i-1")
	f.set("mode", "refuse")
	o := options(freePort(t), l)
	o.ReadyTimeout = o.HandshakeTimeout
	address, end := engine(t)
	defer end()
	err := Connect(t.Context(), o, address, t.TempDir())
	assert.ErrorContains(t, err, "tunnel to k8s-master at 127.0.0.1:")
	assert.ErrorContains(t, err, "no answer within")
}

func TestConnect_BeforeAnythingIsCreated(t *testing.T) {
	l := &lines{}
	o := options(freePort(t), l)
	newFake(t, awscli.Program)
	assert.ErrorContains(t, Check(t.Context(), o), "session-manager-plugin")
	assert.ErrorContains(t, Connect(t.Context(), o, "127.0.0.1:1", t.TempDir()), "session-manager-plugin")
	f := newFake(t, awscli.Program, pluginProgram)
	require.NoError(t, Check(t.Context(), o))
	f.set("instance", "denied")
	assert.ErrorContains(t, Check(t.Context(), o), "UnauthorizedOperation")
	listener, err := net.Listen("tcp", o.address())
	require.NoError(t, err)
	defer listener.Close()
	assert.ErrorContains(t, Check(t.Context(), o), "in use")
}
