package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8sprovider"
	"github.com/growbin/cluster/rehearsal/report"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

// rehearsal is one run, from tools to verdict.
type rehearsal struct {
	options  options
	drill    drill
	out      *console
	state    string // .rehearsal/<stack>
	settings *stacks.Settings
	// encrypted are the keys of the stack file's secrets.
	encrypted []string
	apiPort   int
	memory    *atomic.Int64

	builder    *tools.Builder
	pulumi     string
	cloud      *awssim.Cloud
	world      *boot.World
	kubernetes *k8sprovider.Provider
	engine     *engine.Engine
	closers    []func()

	// machines is what has come and gone.
	machines machineLog

	mu sync.Mutex
	// lastWords are what each machine said last: why one that did not come up is not there.
	lastWords map[string]string
	// leftInCluster is what Pulumi had left in the API server when the control plane's machine was terminated.
	leftInCluster []string
	leftErr       error

	report report.Report
}

// rehearse runs everything and says how it went; the error is only what could not be shown in the report.
func rehearse(ctx context.Context, o options, out io.Writer, colors bool) error {
	r := &rehearsal{
		options: o, out: newConsole(out, colors), state: filepath.Join(o.root, ".rehearsal", o.stack),
		report:    report.Report{Stack: o.stack, Problems: []string{}, Seconds: map[string]float64{}},
		lastWords: map[string]string{},
	}
	r.drill = drills[o.drill] // the options were checked
	release, err := claim(r.state)
	if err != nil {
		return err
	}
	defer release()
	if err := clear(r.state); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.memory = watchMemory(ctx)
	defer r.close()
	runErr := r.run(ctx, cancel)
	if runErr != nil {
		r.problem("%v", runErr)
		r.absent()
	}
	r.close()
	return r.finish()
}

// run is the order of things. A phase that fails ends it: what would follow could not be trusted.
func (r *rehearsal) run(ctx context.Context, cancel context.CancelCauseFunc) error {
	phases := []phase{
		{"tools", r.tools},
		{"simulated AWS", func(ctx context.Context) error { return r.open(ctx, cancel) }},
		{"preview", r.preview},
		{"up", r.up},
		{"verify", r.verify},
		{"second up", r.again},
	}
	for _, phase := range append(phases, r.drillPhases()...) {
		if err := r.phase(ctx, phase.name, phase.do); err != nil {
			if r.options.keep && r.world != nil && ctx.Err() == nil {
				r.out.problem(err)
				r.explore(ctx)
			}
			return err
		}
	}
	if r.options.keep {
		r.explore(ctx)
		// Ctrl-C ended the looking around, not the rehearsal.
		ctx = context.WithoutCancel(ctx)
	}
	if r.settings.DeletionProtection {
		if err := r.phase(ctx, "lift protection", r.unprotect); err != nil {
			return err
		}
	}
	return r.phase(ctx, "destroy", r.destroy)
}

// phase runs one phase, shows it and keeps its time.
func (r *rehearsal) phase(ctx context.Context, name string, do func(context.Context) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before %s: %w", name, context.Cause(ctx))
	}
	r.out.heading(name)
	started := time.Now()
	err := do(ctx)
	took := time.Since(started)
	r.report.Phases = append(r.report.Phases, name)
	r.report.Seconds[name] = float64(took.Milliseconds()) / 1000
	if err == nil {
		r.out.done(name, took)
	}
	return err
}

// problem notes that something does not hold, though the rehearsal can go on.
func (r *rehearsal) problem(format string, args ...any) {
	r.report.Problems = append(r.report.Problems, fmt.Sprintf(format, args...))
}

// finish writes and shows the report.
func (r *rehearsal) finish() error {
	r.report.OK = len(r.report.Problems) == 0
	r.report.PeakMemoryBytes = r.memory.Load()
	r.provenance()
	var err error
	for _, dir := range []string{r.state, filepath.Dir(r.state)} {
		err = errors.Join(err, r.report.Write(filepath.Join(dir, "report.json")))
	}
	r.report.Print(r.out.writer, r.out.colors)
	if err != nil {
		return err
	}
	if !r.report.OK {
		return fmt.Errorf("logs: %s", filepath.Join(r.state, "logs"))
	}
	return r.tidy()
}

// tidy removes what nobody needs after a success: state, keys and data of a cluster that is gone.
func (r *rehearsal) tidy() error {
	for _, name := range []string{"backend", "home", "work", "world", "kubeconfig"} {
		if err := os.RemoveAll(filepath.Join(r.state, name)); err != nil {
			return fmt.Errorf("remove what the rehearsal no longer needs: %w", err)
		}
	}
	return nil
}

// machineReady is the last word of a machine that came up.
const machineReady = "ready"

// absent notes of each machine that is not ready why, in its own last words.
func (r *rehearsal) absent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, machine := range slices.Sorted(maps.Keys(r.lastWords)) {
		if words := r.lastWords[machine]; words != machineReady {
			r.problem("machine %s (log: %s): %s", machine, filepath.Join(r.state, "logs", "machines.log"), words)
		}
	}
}

// close ends everything that runs, the last started first.
func (r *rehearsal) close() {
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
	r.closers = nil
}

// rolePrefix begins the label by which kubectl shows a node's role.
const rolePrefix = "node-role.kubernetes.io/"

// expected is the design, as the program has it.
func (r *rehearsal) expected() verify.Expected {
	var want verify.Expected
	for _, node := range r.settings.Nodes {
		expected := verify.Node{
			Name: node.Name, RoleLabel: rolePrefix + string(node.Role), Labels: node.Labels, Taints: node.Capacity().Taints,
		}
		if node.Band != nil {
			expected.Band = &verify.Band{Low: node.Band.Low, High: node.Band.High}
		}
		want.Nodes = append(want.Nodes, expected)
	}
	for _, app := range stacks.Applications() {
		want.Workloads = append(want.Workloads, verify.Workload{Name: app.Name, Replicas: app.Replicas, Node: app.Node})
	}
	for _, service := range stacks.Services() {
		want.Workloads = append(want.Workloads, verify.Workload{Name: service.Name, Replicas: 1, Node: service.Node})
	}
	return want
}

// kubeconfigPath is where the stack's kubeconfig is put for a person.
func (r *rehearsal) kubeconfigPath() string { return filepath.Join(r.state, "kubeconfig") }

func (r *rehearsal) logFile(name string) (*os.File, error) {
	dir := filepath.Join(r.state, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the log directory: %w", err)
	}
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
