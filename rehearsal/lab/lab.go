// Package lab boots EC2 instances of the program from their unmodified user data: cloud-init on systemd runs it and kubeadm,
// kubelet and containerd make a real cluster. AWS is simulated, and failures are injected.
package lab

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
	"github.com/growbin/cluster/rehearsal/lab/host"
	"github.com/growbin/cluster/rehearsal/lab/network"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/stacks"
)

// Options configure a run.
type Options struct {
	// Root is the repository's directory.
	Root string
	// State is the directory for logs, disks and root directories. It is emptied first.
	State string
	// Cache is the directory of the base system, which is kept between runs.
	Cache string
	// Worker is the name of the node that joins the control plane.
	Worker string
	// Whole boots every node and deploys the stack with the real engine.
	Whole bool
	// Only, if non-nil, selects by name among the checks that follow those that make the cluster.
	Only *regexp.Regexp
	// Out receives the results.
	Out io.Writer
}

// Lab is one run.
type Lab struct {
	options  Options
	settings *stacks.Settings
	config   map[string]string // of the Pulumi program, by full key
	secrets  []string          // keys of config whose values are secret
	// overridden are the values of config that differ from the stack file.
	overridden map[string]string
	// kubernetes is the provider of the whole lab's engine.
	kubernetes *k8splugin.Plugin
	log        *os.File

	programs tools.Binaries
	// aptKey is the fingerprint of the key that signs the packages.
	aptKey string
	// base is the directory of the Debian system that root disks are copied from.
	base string

	network *network.Network
	// tunnel is the local end of the tunnel to the API server.
	tunnel net.Listener
	cloud  *awssim.Cloud
	api    *awsapi.Server
	logMu  sync.Mutex
	// program is closed when the Pulumi program has ended, with the error programErr.
	program    chan struct{}
	programErr error

	// wrongVersions makes the mirror offer only other Kubernetes versions than the configured one.
	wrongVersions atomic.Bool

	// hostMu guards the following fields while hosts are made in parallel.
	hostMu       sync.Mutex
	closed       bool
	hosts        []*host.Host
	instances    int                   // created so far
	dataDisks    map[string]*host.Disk // by node name
	retiredDisks []*host.Disk          // of instances that still ran when their disk was replaced
	servers      []*http.Server
	closers      []func() error
}

// New reads the settings and empties the state directory.
func New(options Options) (*Lab, error) {
	if err := os.RemoveAll(options.State); err != nil {
		return nil, fmt.Errorf("emptying %s: %w", options.State, err)
	}
	for _, directory := range []string{"bin", "hosts", "disks", "logs"} {
		if err := os.MkdirAll(filepath.Join(options.State, directory), 0o755); err != nil {
			return nil, fmt.Errorf("creating the state directory: %w", err)
		}
	}
	l := &Lab{options: options, dataDisks: map[string]*host.Disk{}, program: make(chan struct{})}
	var err error
	if l.log, err = os.Create(l.path("logs", "lab.log")); err != nil {
		return nil, fmt.Errorf("creating the lab's log: %w", err)
	}
	return l, l.readSettings()
}

// path returns a path below the state directory.
func (l *Lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.options.State}, parts...)...)
}

func (l *Lab) printf(format string, args ...any) {
	fmt.Fprintf(l.options.Out, "    "+format+"\n", args...)
}

// logf writes a line into the lab's log.
func (l *Lab) logf(format string, args ...any) {
	l.logMu.Lock()
	defer l.logMu.Unlock()
	fmt.Fprintf(l.log, format+"\n", args...)
}

// Clean removes network, loop devices and control groups that an earlier run has left, even if it was killed.
func Clean(state string) error {
	return errors.Join((&network.Network{Name: networkName}).Remove(), host.DetachAll(state), host.RemoveCgroups(networkName))
}

// Close stops all hosts and releases everything that the lab uses on this machine.
func (l *Lab) Close() error {
	l.hostMu.Lock()
	l.closed = true // no boot under way makes another host
	hosts := slices.Clone(l.hosts)
	l.hostMu.Unlock()
	var problems []error
	for _, h := range hosts {
		problems = append(problems, h.CutPower())
	}
	for _, server := range l.servers {
		problems = append(problems, server.Close())
	}
	for _, disk := range append(slices.Collect(maps.Values(l.dataDisks)), l.retiredDisks...) {
		problems = append(problems, disk.Detach())
	}
	slices.Reverse(l.closers)
	for _, f := range l.closers {
		problems = append(problems, f())
	}
	if l.cloud != nil {
		l.cloud.Close()
	}
	if l.tunnel != nil {
		_ = l.tunnel.Close() // the end of the run may have closed it
	}
	if l.network != nil {
		problems = append(problems, l.network.Remove())
	}
	if l.options.Whole { // gigabytes
		for _, directory := range []string{"hosts", "disks", "registry", "apt"} {
			problems = append(problems, os.RemoveAll(l.path(directory)))
		}
	}
	return errors.Join(append(problems, l.log.Close())...)
}
