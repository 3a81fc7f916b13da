// Package rehearsal deploys a Pulumi program on this machine: the real Pulumi engine, a simulated AWS, and a real
// Kubernetes control plane. It verifies the result, deploys the program again, and destroys it.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/charts"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/report"
	"github.com/growbin/cluster/rehearsal/tools"
)

// Options select a rehearsal.
type Options struct {
	// Root is the repository.
	Root    string
	Program Program
	// Stack is the name of the stack; empty for the program's default.
	Stack string
	// Keep leaves everything running after the second update, until the context ends.
	Keep bool
	// Drill, if non-nil, runs after the second update.
	Drill *Drill
	// Charts is a folder of Helm chart archives; empty for the charts' repositories.
	Charts string
	// Out receives the progress and the report, with ANSI colors if Colors is set.
	Out    io.Writer
	Colors bool
}

// title names the stack, with its program unless that is the repository's own.
func (o *Options) title() string {
	if o.Program.Folder == "." {
		return o.Stack
	}
	return o.Program.Name + "/" + o.Stack
}

// Rehearsal is one run, from tools to verdict. Its exported fields are for drills, and are set before the phases of a
// drill.
type Rehearsal struct {
	Options Options
	Console *Console
	// Design is the expected cluster. Redesign changes it.
	Design *Design
	Engine *engine.Engine
	Cloud  *awssim.Cloud
	World  *boot.World
	// Builder builds the programs that only a drill runs.
	Builder *tools.Builder
	// Machines records which instances were launched and terminated.
	Machines MachineLog
	// OnCopyDisk, if non-nil, is called when the simulated AWS copies a volume to a snapshot, or a snapshot to a volume.
	OnCopyDisk func(from, to string)

	state string // .rehearsal/<folder of the program>/<stack>
	// config are the settings that the rehearsal overrides, by full key; those in secrets are encrypted.
	config, secrets map[string]string
	apiPort         int
	memory          *atomic.Int64
	pulumi          string
	plugins         map[string]plugin // by package
	kubernetes      *k8splugin.Plugin
	charts          *charts.Source
	closers         []func()

	mu sync.Mutex
	// status is each machine's latest message, by name.
	status map[string]string

	report report.Report
}

// Run rehearses and prints the report. The error is non-nil if anything failed.
func Run(ctx context.Context, o Options) error {
	if o.Stack == "" {
		o.Stack = o.Program.Stack
	}
	r := &Rehearsal{
		Options: o, Console: newConsole(o.Out, o.Colors), state: filepath.Join(o.Root, ".rehearsal", filepath.FromSlash(o.Program.Folder), o.Stack),
		report: report.Report{Stack: o.title(), Problems: []string{}, Seconds: map[string]float64{}},
		config: map[string]string{}, status: map[string]string{},
	}
	release, err := claim(r.state)
	if err != nil {
		return err
	}
	defer release()
	if err := clearState(r.state); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.memory = WatchMemory(ctx)
	defer r.close()
	if err := r.run(ctx, cancel); err != nil {
		r.Problem("%v", err)
		r.reportUnreadyMachines()
	}
	r.close()
	return r.finish()
}

// run runs the phases in order. A phase that fails ends the rehearsal: the following ones could not be trusted.
func (r *Rehearsal) run(ctx context.Context, cancel context.CancelCauseFunc) error {
	if drill := r.Options.Drill; drill != nil {
		r.report.Drill = &report.Drill{Name: drill.Name, About: drill.About}
	}
	before, after := r.aroundPhases()
	phases := slices.Concat(
		[]Phase{{"tools", r.tools}, {"simulated AWS", func(ctx context.Context) error { return r.open(ctx, cancel) }}},
		before,
		[]Phase{{"preview", r.preview}, {"up", r.up}},
		after,
		[]Phase{
			{"verify", r.Verify}, {"refused edits", r.refusedEdits}, {"second up", r.secondUp},
			{"previewer", r.previewAsPreviewer}, {"secrets", r.searchSecrets},
		},
		r.drillPhases(),
	)
	for _, phase := range phases {
		if err := r.phase(ctx, phase.Name, phase.Do); err != nil {
			if r.Options.Keep && r.World != nil && ctx.Err() == nil {
				r.Console.problem(err)
				r.explore(ctx)
			}
			return err
		}
	}
	if r.Options.Keep {
		r.explore(ctx)
		// Ctrl-C ended the exploration, not the rehearsal.
		ctx = context.WithoutCancel(ctx)
	}
	if r.Design.Protected {
		if err := r.phase(ctx, "lift protection", r.unprotect); err != nil {
			return err
		}
	}
	return r.phase(ctx, "destroy", r.destroy)
}

// phase runs one phase and records its duration.
func (r *Rehearsal) phase(ctx context.Context, name string, do func(context.Context) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before %s: %w", name, context.Cause(ctx))
	}
	r.Console.heading(name)
	started := time.Now()
	err := do(ctx)
	took := time.Since(started)
	r.report.Phases = append(r.report.Phases, name)
	r.report.Seconds[name] = float64(took.Milliseconds()) / 1000
	if err == nil {
		r.Console.done(name, took)
	}
	return err
}

// Problem records a failed expectation. The rehearsal continues.
func (r *Rehearsal) Problem(format string, args ...any) {
	r.report.Problems = append(r.report.Problems, fmt.Sprintf(format, args...))
}

// Defer calls f when the rehearsal ends, the latest first.
func (r *Rehearsal) Defer(f func()) { r.closers = append(r.closers, f) }

// finish writes and prints the report.
func (r *Rehearsal) finish() error {
	r.report.OK = len(r.report.Problems) == 0
	r.report.PeakMemoryBytes = r.memory.Load()
	r.provenance()
	var err error
	for _, dir := range []string{r.state, filepath.Join(r.Options.Root, ".rehearsal")} {
		err = errors.Join(err, r.report.Write(filepath.Join(dir, "report.json")))
	}
	r.report.Print(r.Console.Writer, r.Console.colors)
	if err != nil {
		return err
	}
	if !r.report.OK {
		return fmt.Errorf("logs: %s", filepath.Join(r.state, "logs"))
	}
	return r.tidy()
}

// tidy removes state, keys and data of the destroyed cluster.
func (r *Rehearsal) tidy() error {
	for _, name := range []string{"backend", "home", "tmp", "work", "world", "helm", "charts.pem", "kubeconfig"} {
		if err := os.RemoveAll(filepath.Join(r.state, name)); err != nil {
			return fmt.Errorf("remove the state of the destroyed cluster: %w", err)
		}
	}
	return nil
}

// close stops everything that runs, the latest first.
func (r *Rehearsal) close() {
	for _, f := range slices.Backward(r.closers) {
		f()
	}
	r.closers = nil
}

// KubeconfigPath is the file that holds the stack's kubeconfig.
func (r *Rehearsal) KubeconfigPath() string { return filepath.Join(r.state, "kubeconfig") }

func (r *Rehearsal) logFile(name string) (*os.File, error) {
	dir := filepath.Join(r.state, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the log directory: %w", err)
	}
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
