// Package lab boots the machines of the program for real, as far as one machine can: their unmodified user data is run by
// cloud-init on systemd, and makes a Kubernetes cluster with kubeadm, kubelet and containerd. AWS is simulated.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
	"github.com/growbin/cluster/rehearsal/lab/host"
	"github.com/growbin/cluster/rehearsal/lab/network"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/stacks"
)

// Options say where the lab finds and keeps things.
type Options struct {
	// Root is the repository. State is emptied first: logs, disks and root directories go there. Cache is kept.
	Root, State, Cache string
	// Worker names the node that joins the control plane.
	Worker string
	// Only chooses among the checks that come after the first cluster, by name; nil chooses all.
	Only *regexp.Regexp
	// Out is told what happens.
	Out io.Writer
}

// Lab is one run.
type Lab struct {
	options  Options
	settings *stacks.Settings
	config   map[string]string
	log      *os.File

	programs          tools.Binaries
	containerdVersion string
	baseFolder        string

	network *network.Network
	cloud   *awssim.Cloud
	door    *awsapi.Door
	mu      sync.Mutex
	// program ends when the Pulumi program has; its error is then in programErr.
	program    chan struct{}
	programErr error

	// otherVersions lets the mirror offer other versions of Kubernetes than the configured one.
	otherVersions atomic.Bool

	hosts   []*host.Host
	made    int                   // machines so far
	disks   map[string]*host.Disk // by node name
	retired []*host.Disk          // of machines that are gone
	servers []*http.Server
	closers []func() error
}

// New reads the settings and empties the state folder.
func New(options Options) (*Lab, error) {
	if err := os.RemoveAll(options.State); err != nil {
		return nil, fmt.Errorf("emptying %s: %w", options.State, err)
	}
	for _, folder := range []string{"bin", "hosts", "disks", "logs"} {
		if err := os.MkdirAll(filepath.Join(options.State, folder), 0o755); err != nil {
			return nil, fmt.Errorf("making the state folder: %w", err)
		}
	}
	l := &Lab{options: options, disks: map[string]*host.Disk{}, program: make(chan struct{})}
	var err error
	if l.log, err = os.Create(l.path("logs", "lab.log")); err != nil {
		return nil, fmt.Errorf("opening the lab's log: %w", err)
	}
	if err := l.readSettings(); err != nil {
		return nil, err
	}
	l.containerdVersion, err = pinnedContainerd(options.Root)
	return l, err
}

func (l *Lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.options.State}, parts...)...)
}

func (l *Lab) say(format string, args ...any) {
	fmt.Fprintf(l.options.Out, "    "+format+"\n", args...)
}

// Clean removes what an earlier run left behind, even one that was killed: its hosts died with it.
func Clean(state string) error {
	return errors.Join((&network.Network{Name: networkName}).Remove(), host.DetachAll(state), host.RemoveGroups(networkName))
}

// Close switches everything off and gives back what the lab took from this machine.
func (l *Lab) Close() error {
	var problems []error
	for _, h := range l.hosts {
		problems = append(problems, h.CutPower())
	}
	for _, server := range l.servers {
		problems = append(problems, server.Close())
	}
	for _, disk := range append(slices.Collect(maps.Values(l.disks)), l.retired...) {
		problems = append(problems, disk.Detach())
	}
	slices.Reverse(l.closers)
	for _, f := range l.closers {
		problems = append(problems, f())
	}
	if l.cloud != nil {
		l.cloud.Close()
	}
	if l.network != nil {
		problems = append(problems, l.network.Remove())
	}
	return errors.Join(append(problems, l.log.Close())...)
}

// wait polls until check holds, or returns what it said last.
func wait(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil || errors.As(err, new(final)) {
			return err
		}
		select {
		case <-ctx.Done():
			if parent.Err() != nil {
				return fmt.Errorf("interrupted: %w", err)
			}
			return fmt.Errorf("not within %s: %w", limit, err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// final is an error that waiting does not mend.
type final struct{ error }
