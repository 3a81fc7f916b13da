package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/internal/testing/process"
)

// startTimeout is the time a program has to become healthy; a loaded two-core machine needs some.
const startTimeout = 90 * time.Second

// elected are the programs that end when they lose their lease, as on a machine without time for them. kubelet starts them again.
var elected = []string{"kube-controller-manager", "kube-scheduler"}

// maxRestarts bounds the restarts of a cluster, so that a program that cannot run is a failure.
const maxRestarts = 3

// program is a command with its health check.
type program struct {
	process.Command
	// healthy returns nil once the program serves.
	healthy func(ctx context.Context) error
}

// Cluster is a running control plane.
type Cluster struct {
	config  Config
	machine *kubeadmConfig
	layout  layout
	ports   portMap
	server  string // the API server's URL in the simulated world
	admin   *rest.Config
	client  kubernetes.Interface

	mu        sync.Mutex
	processes []*process.Process // in the order of their start
	restarts  int
	stopping  bool
	failed    chan error
	stopped   chan struct{}
}

// Start brings the control plane up to where `kubeadm init` has a healthy API server and has uploaded its
// configuration. The machine then registers its own node, and Complete does the rest. A failed start stops all programs.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if config.Log == nil {
		config.Log = func(string, ...any) {}
	}
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	machine, err := parseKubeadmConfig(config.Kubeadm)
	if err != nil {
		return nil, err
	}
	c := &Cluster{config: config, machine: machine, layout: layout{volume: config.VolumeDir, run: config.RunDir, state: machine.stateDir()}, failed: make(chan error, 1), stopped: make(chan struct{})}
	for _, step := range []func(context.Context) error{c.prepare, c.runPhases, c.startControlPlane, c.bindAdmins, c.uploadConfig, c.startKwok} {
		if err := step(ctx); err != nil {
			c.Stop()
			return nil, err
		}
	}
	return c, nil
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := c.startStaticPod(ctx, name); err != nil {
			return err
		}
	}
	if err := c.dropStaleLeases(ctx); err != nil {
		return err
	}
	var group sync.WaitGroup
	problems := make([]error, 2)
	for i, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		group.Go(func() { problems[i] = c.startStaticPod(ctx, name) })
	}
	group.Wait()
	return errors.Join(problems...)
}

func (c *Cluster) startStaticPod(ctx context.Context, name string) error {
	p, err := readManifest(name, c.config.Binaries[name], place{c.layout, c.ports})
	if err != nil {
		return err
	}
	return c.start(ctx, p)
}

func (c *Cluster) start(ctx context.Context, p program) error {
	began := time.Now()
	running, err := process.Start(p.Command, filepath.Join(c.layout.logs(), p.Name+".log"))
	if err != nil {
		return err
	}
	if err := running.WaitReady(ctx, startTimeout, p.healthy); err != nil {
		running.Stop()
		return err
	}
	if !c.keep(running) {
		running.Stop()
		return errors.New("the control plane was stopped meanwhile")
	}
	go c.watch(running, p)
	c.config.Log("%s is healthy after %s", p.Name, time.Since(began).Round(100*time.Millisecond))
	return nil
}

// keep adds a process to those that Stop ends. It reports whether the control plane is not being stopped.
func (c *Cluster) keep(p *process.Process) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopping {
		c.processes = append(c.processes, p)
	}
	return !c.stopping
}

// watch starts a program again that ends by itself, if it is one of those that may. Otherwise the end is a failure.
func (c *Cluster) watch(running *process.Process, p program) {
	<-running.Exited()
	err := running.ExitError()
	c.mu.Lock()
	stopping := c.stopping
	again := slices.Contains(elected, p.Name) && c.restarts < maxRestarts
	if again && !stopping {
		c.restarts++
		c.processes = slices.DeleteFunc(c.processes, func(other *process.Process) bool { return other == running })
	}
	c.mu.Unlock()
	if stopping {
		return
	}
	if again {
		c.config.Log("%s has ended, and is started again as kubelet would: %v", p.Name, err)
		err = c.start(context.Background(), p)
	}
	if err == nil {
		return
	}
	select {
	case c.failed <- err:
	default: // the first failure is the one to know
	}
}

// Stop ends every program, the last started first, and keeps the data. It may be called more than once.
func (c *Cluster) Stop() {
	c.mu.Lock()
	processes := c.processes
	c.processes = nil
	if !c.stopping {
		c.stopping = true
		close(c.stopped)
	}
	c.mu.Unlock()
	for i := len(processes) - 1; i >= 0; i-- {
		processes[i].Stop()
	}
}

// Failed yields the reason when a program of the running control plane ends by itself.
func (c *Cluster) Failed() <-chan error { return c.failed }

// Stopped is closed once the control plane is being stopped.
func (c *Cluster) Stopped() <-chan struct{} { return c.stopped }

// AdvertiseAddress is the private address and port on which a real machine's API server would listen.
func (c *Cluster) AdvertiseAddress() (host string, port int) {
	return c.machine.advertiseAddress, c.machine.bindPort
}

// APIPort is the API server's port on loopback.
func (c *Cluster) APIPort() int { return c.ports[c.machine.bindPort] }

// Endpoint is the API server's address on loopback, as host:port.
func (c *Cluster) Endpoint() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.APIPort()))
}

// Server is the API server's URL in the simulated world, as kubeadm writes it into every kubeconfig.
func (c *Cluster) Server() string { return c.server }

// NodeName is the name of the control plane's own node.
func (c *Cluster) NodeName() string { return c.machine.nodeName }

// Admin connects to the API server on loopback as the cluster's administrator.
func (c *Cluster) Admin() *rest.Config { return rest.CopyConfig(c.admin) }

// Kubelet connects to the API server on loopback as the control plane's own kubelet, with the identity that
// kubeadm gave it.
func (c *Cluster) Kubelet() (*rest.Config, error) {
	return restConfig(c.layout.kubeconfig("kubelet.conf"))
}

// File is where a file of the machine lies on this host, by its absolute path; those of the data volume excepted.
func (c *Cluster) File(path string) string { return c.layout.host(path) }

// LogDir is the folder of the programs' logs, one file each.
func (c *Cluster) LogDir() string { return c.layout.logs() }
