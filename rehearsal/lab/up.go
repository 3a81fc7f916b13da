package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/provider"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/stacks"
)

// parallelBoots is the number of workers that boot at once. Two processors are busy with three.
const parallelBoots = 3

// objectPatience is the longest wait of the program for one object: images are pulled and unpacked on nine hosts at once.
const objectPatience = 15 * time.Minute

// fleet boots each instance of the program on a host of its own.
type fleet struct {
	lab *Lab
	// slots bound the boots of workers; ready is closed when the control plane is Ready.
	slots chan struct{}
	ready chan struct{}

	mu        sync.Mutex
	instances map[string]*instance
	done      map[string]bool // the nodes that are Ready
	failed    context.CancelCauseFunc
	once      sync.Once // closes ready
}

func (l *Lab) newFleet() *fleet {
	return &fleet{lab: l, slots: make(chan struct{}, parallelBoots), ready: make(chan struct{}), instances: map[string]*instance{}, done: map[string]bool{}}
}

// boot is the effect of the user data of an instance. It returns when the instance is Ready.
func (f *fleet) boot(ctx context.Context, machine *awssim.Machine) {
	err := f.bootHost(ctx, machine)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil { // otherwise the instance or the run was ended
			f.failed(fmt.Errorf("node %s: %w", machine.Name, err))
		}
		return
	}
	f.done[machine.Name] = true
	f.lab.printf("%s is Ready: %d of %d", machine.Name, len(f.done), len(f.lab.settings.Nodes))
}

func (f *fleet) bootHost(ctx context.Context, machine *awssim.Machine) error {
	controlPlane := machine.Name == f.lab.controlPlaneName()
	if !controlPlane {
		select {
		case <-f.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		f.slots <- struct{}{}
		defer func() { <-f.slots }()
	}
	i, err := f.lab.newInstance(ctx, machine.Name)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.instances[machine.Name] = i
	f.mu.Unlock()
	if err := i.boot(ctx); err != nil {
		return err
	}
	if !controlPlane {
		return nil
	}
	config, err := f.lab.clientConfig(i)
	if err != nil {
		return err
	}
	if err := cluster.DefineCalico(ctx, config); err != nil {
		return err
	}
	f.once.Do(func() { close(f.ready) })
	return nil
}

// terminate cuts the power of an instance's host.
func (f *fleet) terminate(machine *awssim.Machine) {
	f.mu.Lock()
	i := f.instances[machine.Name]
	delete(f.instances, machine.Name)
	delete(f.done, machine.Name)
	f.mu.Unlock()
	if i == nil {
		return
	}
	if err := i.terminate(); err != nil {
		f.lab.printf("terminating %s: %v", machine.Name, err)
	}
}

// get returns the instance of a node.
func (f *fleet) get(node string) (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := f.instances[node]; i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("node %s has no host", node)
}

// openEngine prepares the real engine with the real Kubernetes provider and the simulated AWS.
func (l *Lab) openEngine(ctx context.Context) (*engine.Engine, error) {
	builder, err := l.builder()
	if err != nil {
		return nil, err
	}
	built, err := builder.Build(ctx, tools.Pulumi())
	if err != nil {
		return nil, err
	}
	pulumi := built[tools.Pulumi().Name]
	// The providers outlive an interrupted check: the engine ends them in order.
	background := context.WithoutCancel(ctx)
	providers, err := rehearsal.OpenProviders(background, l.options.Root, l.path(), pulumi, builder, objectPatience, l.logf)
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, func() error { providers.Close(); return nil })
	aws, err := provider.Serve(background, l.cloud)
	if err != nil {
		return nil, fmt.Errorf("serving the simulated AWS: %w", err)
	}
	l.closers = append(l.closers, func() error { aws.Close(); return nil })
	providers.Ports["aws"] = aws.Port
	config, secrets := map[string]string{}, map[string]string{}
	for key, value := range l.overridden {
		config[key] = value
	}
	for _, key := range l.secrets {
		secrets[key] = l.config[key]
	}
	l.kubernetes = providers.Kubernetes
	return engine.Open(ctx, engine.Options{
		Project: l.options.Root, Stack: l.stack(), Pulumi: pulumi, State: l.path(), Program: stacks.DeployFrom(l.sources()),
		Providers: providers.Ports, Plugins: providers.Programs, Config: config, Secrets: secrets, Color: "never",
	})
}

// up deploys the stack.
func (w *whole) up(ctx context.Context) error {
	go w.serveTunnel(context.WithoutCancel(ctx))
	var err error
	if w.engine, err = w.openEngine(ctx); err != nil {
		return err
	}
	return w.operate(ctx, func(ctx context.Context) error {
		result, err := w.engine.Up(ctx, "up", engine.RunOptions{})
		if err != nil {
			return err
		}
		w.printf("%d resources created; the log: %s", result.Created, w.engine.Log("up"))
		for _, release := range w.kubernetes.NotInstalled() {
			w.printf("left out: Helm release %s (chart %s %s): %s", release.Name, release.Chart, release.Version, release.Reason)
		}
		return nil
	})
}

// operate runs an operation of the engine, which boots hosts, and says all the while how far they are. It ends with the first
// host that fails.
func (w *whole) operate(ctx context.Context, operation func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.fleet.mu.Lock()
	w.fleet.failed = cancel
	w.fleet.mu.Unlock()
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		w.reportProgress(ctx)
	}()
	err := operation(ctx)
	cause := context.Cause(ctx)
	cancel(nil)
	<-reported
	if err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("%w\n%w", cause, err)
	}
	return err
}

// reportProgress prints the nodes' steps and the pods that do not run yet, whenever they have changed.
func (w *whole) reportProgress(ctx context.Context) {
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(15 * time.Second):
		}
		if now := w.progress(ctx); now != last {
			w.printf("%s", now)
			last = now
		}
	}
}

func (w *whole) progress(ctx context.Context) string {
	var parts []string
	w.fleet.mu.Lock()
	instances := make([]*instance, 0, len(w.fleet.instances))
	for _, i := range w.fleet.instances {
		instances = append(instances, i)
	}
	w.fleet.mu.Unlock()
	for _, i := range instances {
		if status, err := i.status(); err == nil && status.Phase != kubeadm.PhaseReady {
			parts = append(parts, strings.TrimSpace(i.ec2.Name+" "+status.Phase+" "+status.Step))
		}
	}
	slices.Sort(parts)
	if counts := w.podCounts(ctx); counts != "" {
		parts = append(parts, counts)
	}
	return strings.Join(parts, "; ")
}
