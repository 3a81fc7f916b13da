// Package tunnel keeps a Session Manager port forward open from this machine to the API server of a stack's cluster, so that
// Pulumi and kubectl reach it without an open port, a fixed address or a key. A session does not end when its instance is
// terminated: the plugin hangs for up to 20 minutes. So the instance and the port are watched, and the session is reopened.
package tunnel

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

// pluginProgram is the executable that the AWS CLI starts for a session.
const pluginProgram = "session-manager-plugin"

// Defaults of Options.
const (
	DefaultPoll             = 3 * time.Second
	DefaultOpenTimeout      = 30 * time.Second
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultReadyTimeout     = 90 * time.Second
)

// Options configure a tunnel.
type Options struct {
	// Region is the AWS region of the cluster, e.g. ap-northeast-2.
	Region string
	// Cluster is the value of the tag Cluster of the cluster's instances.
	Cluster string
	// Node is the value of the tag Name of the control plane's instance.
	Node string
	// Document is the name of the SSM document of the port forward, see sessions.ForwardDocument.
	Document string
	// Port is the local TCP port, on 127.0.0.1.
	Port int
	// Poll is the pause between two checks of the instance and the port; DefaultPoll if 0.
	Poll time.Duration
	// OpenTimeout limits the time from the start of a session to its first TLS handshake; DefaultOpenTimeout if 0.
	OpenTimeout time.Duration
	// HandshakeTimeout limits one TLS handshake; DefaultHandshakeTimeout if 0.
	HandshakeTimeout time.Duration
	// ReadyTimeout limits Ready; DefaultReadyTimeout if 0.
	ReadyTimeout time.Duration
	// Logf, if non-nil, is called at each change of the tunnel's state.
	Logf func(format string, args ...any) `json:"-"`
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field  *time.Duration
		preset time.Duration
	}{
		{&o.Poll, DefaultPoll}, {&o.OpenTimeout, DefaultOpenTimeout},
		{&o.HandshakeTimeout, DefaultHandshakeTimeout}, {&o.ReadyTimeout, DefaultReadyTimeout},
	} {
		if *d.field == 0 {
			*d.field = d.preset
		}
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o
}

func (o Options) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)) }

// checkPrograms reports a missing program before anything is started.
func checkPrograms() error {
	for _, program := range []struct{ name, title, link string }{
		{awscli.Program, "AWS CLI", "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"},
		{pluginProgram, "Session Manager plugin", "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"},
	} {
		if _, err := exec.LookPath(program.name); err != nil {
			return fmt.Errorf("the %s (%s) is not installed, see %s", program.title, program.name, program.link)
		}
	}
	return nil
}

// checkPort returns an error if another process listens on the local port.
func (o Options) checkPort() error {
	listener, err := net.Listen("tcp", o.address())
	if err != nil {
		return fmt.Errorf("local port %d is in use (%w); another tunnel may be running, or choose another port with apiTunnelPort", o.Port, err)
	}
	return listener.Close()
}
