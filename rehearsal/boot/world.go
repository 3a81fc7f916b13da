package boot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// Failed begins the message of a machine whose boot failed.
const Failed = "boot failed"

// Options configure a World.
type Options struct {
	// Programs returns the paths of a control plane's programs for a Kubernetes version, e.g. "1.36.3".
	Programs func(ctx context.Context, kubernetesVersion string) (map[string]string, error)
	// Kubectl returns the path of kubectl for a Kubernetes version. Only the rotation of the key of Secrets runs it.
	Kubectl func(ctx context.Context, kubernetesVersion string) (string, error)
	// StateDir holds the data volumes and the machines' root disks; no other world may use it.
	StateDir string
	// APIPort is the API server's port on loopback; 0 takes a free one.
	APIPort int
	// JoinWait bounds how long a worker waits until it can join; 0 means two minutes. (A real one waits 30.)
	JoinWait time.Duration
	// ServiceWait bounds how long a machine waits for the internet and for its data volume; 0 means one minute.
	ServiceWait time.Duration
	// RestartDelay is the pause between attempts to boot, as in systemd; 0 means five seconds.
	RestartDelay time.Duration
	// Log, if non-nil, is called with each message of a machine.
	Log func(machine, message string)
}

// World holds the machines that boot, the control plane that one of them runs, and the network between them.
type World struct {
	options Options
	network *network

	mu       sync.Mutex
	machines map[string]*booted // by instance ID
	control  *controlPlane      // nil while no machine runs one
	failed   chan error
}

// booted is the state of a machine whose boot has begun.
type booted struct {
	cancel context.CancelFunc
	done   chan struct{}
	node   string // set once the node is registered
}

// New returns a world without machines.
func New(options Options) *World {
	if options.JoinWait == 0 {
		options.JoinWait = 2 * time.Minute
	}
	if options.ServiceWait == 0 {
		options.ServiceWait = time.Minute
	}
	if options.RestartDelay == 0 {
		options.RestartDelay = 5 * time.Second
	}
	if options.Log == nil {
		options.Log = func(string, string) {}
	}
	return &World{options: options, network: newNetwork(), machines: map[string]*booted{}, failed: make(chan error, 1)}
}

// Boot simulates the first boot of a machine until its node is registered. It retries failed attempts as systemd does, except for
// invalid user data, until the context ends.
func (w *World) Boot(ctx context.Context, m Machine) error { return w.on(ctx, m, w.attempt) }

// Start simulates a later boot of a machine that Stop has stopped. Its steps are done, and it reports nothing: kubelet goes on with
// the identity on its disk, and starts a control plane.
func (w *World) Start(ctx context.Context, m Machine) error { return w.on(ctx, m, w.again) }

// on runs a boot until it has succeeded.
func (w *World) on(ctx context.Context, m Machine, boot func(context.Context, Machine, *userdata.Node) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	state := &booted{cancel: cancel, done: make(chan struct{})}
	w.mu.Lock()
	w.machines[m.ID] = state
	w.mu.Unlock()
	defer close(state.done)

	node, err := userdata.ParseNode(m.UserData)
	if err != nil {
		err = fmt.Errorf("the user data of %s is wrong: %w", m.ID, err)
		return errors.Join(err, w.giveUp(m, statusParameter(m.UserData), err))
	}
	for {
		err := boot(ctx, m, node)
		if err == nil || ctx.Err() != nil {
			return err
		}
		w.log(node.Name, Failed+": %v", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(w.options.RestartDelay):
		}
	}
}

// giveUp reports a failure that no retry can fix, if the machine has a status parameter.
func (w *World) giveUp(m Machine, parameter string, reason error) error {
	w.log(m.ID, Failed+": %v", reason)
	if parameter == "" {
		return nil
	}
	r := &reporter{machine: m, parameter: parameter, step: "user-data"}
	return r.report(kubeadm.PhaseFailed, reason.Error())
}

func (w *World) attempt(ctx context.Context, m Machine, node *userdata.Node) error {
	r := &reporter{machine: m, parameter: node.StatusParameter}
	err := (&attempt{World: w, machine: m, node: node, status: r}).run(ctx)
	if err == nil {
		r.step = userdata.StepReady
		err = r.report(kubeadm.PhaseReady, "")
	}
	if err == nil {
		w.log(node.Name, userdata.StepReady)
		return nil
	}
	if ctx.Err() != nil { // terminated while it booted
		return err
	}
	return errors.Join(err, r.report(kubeadm.PhaseFailed, err.Error()))
}

// enroll registers the node of a machine. The machine counts as alive before: its label must not be taken away again by silence, which
// may be at work for another machine or for a new control plane.
func (a *attempt) enroll(ctx context.Context, identity *rest.Config) error {
	a.runs(a.machine, a.node.Name)
	return register(ctx, identity, a.machine, a.node)
}

// runs records the machine on which the kubelet of a node runs.
func (w *World) runs(m Machine, node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state := w.machines[m.ID]; state != nil {
		state.node = node
	}
}

// alive returns the nodes whose machine runs.
func (w *World) alive() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	nodes := map[string]bool{}
	for _, state := range w.machines {
		if state.node != "" {
			nodes[state.node] = true
		}
	}
	return nodes
}

// Cluster is the running control plane; nil while there is none.
func (w *World) Cluster() *cluster.Cluster {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.control == nil {
		return nil
	}
	return w.control.cluster
}

// Failed yields the reason when a program of a running control plane ends by itself.
func (w *World) Failed() <-chan error { return w.failed }
