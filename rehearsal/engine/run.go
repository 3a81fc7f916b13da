package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/growbin/cluster/internal/automation"
)

// parallel is the number of resources that are worked on at once. Most of them only wait.
const parallel = 64

// silence is the longest time without an event of the engine. Resources that wait report it every few seconds.
const silence = 3 * time.Minute

var errSilent = fmt.Errorf("no event of the engine for %s; a cause is a resource that depends, directly or through a component, on itself", silence)

// RunOptions adjust one operation.
type RunOptions struct {
	// ConfigFile is read instead of the stack's own file, if not empty.
	ConfigFile string
	// Refresh reads the actual state of every resource first.
	Refresh bool
	// Replace are the URNs of resources that an update replaces although nothing changed about them.
	Replace []string
	// OnStep, if non-nil, is called before each step of the engine.
	OnStep func(*apitype.ResourcePreEvent)
}

// Preview runs pulumi preview. The name is that of its log.
func (e *Engine) Preview(ctx context.Context, name string, o RunOptions) (Result, error) {
	return e.run(ctx, name, o.OnStep, func(ctx context.Context, s streams) error {
		_, err := e.stack.Preview(ctx, append(options(e, s, shared[optpreview.Option]{
			optpreview.ProgressStreams, optpreview.ErrorProgressStreams, optpreview.EventStreams, optpreview.Color, optpreview.Parallel,
		}, when(o.Refresh, optpreview.Refresh())), optpreview.SuppressOutputs(), optpreview.ConfigFile(o.ConfigFile))...)
		return err
	})
}

// Up runs pulumi up.
func (e *Engine) Up(ctx context.Context, name string, o RunOptions) (Result, error) {
	return e.run(ctx, name, o.OnStep, func(ctx context.Context, s streams) error {
		_, err := e.stack.Up(ctx, append(options(e, s, shared[optup.Option]{
			optup.ProgressStreams, optup.ErrorProgressStreams, optup.EventStreams, optup.Color, optup.Parallel,
		}, when(o.Refresh, optup.Refresh())), optup.SuppressOutputs(), optup.ConfigFile(o.ConfigFile), optup.Replace(o.Replace))...)
		return err
	})
}

// Refresh reads the actual state of every resource into the stack, or of those that match one of the targets: URNs, in which *
// matches any part without colons and ** any part.
func (e *Engine) Refresh(ctx context.Context, name string, targets ...string) (Result, error) {
	return e.run(ctx, name, nil, func(ctx context.Context, s streams) error {
		_, err := e.stack.Refresh(ctx, options(e, s, shared[optrefresh.Option]{
			optrefresh.ProgressStreams, optrefresh.ErrorProgressStreams, optrefresh.EventStreams, optrefresh.Color, optrefresh.Parallel,
		}, []optrefresh.Option{optrefresh.Target(targets)})...)
		return err
	})
}

// Destroy deletes every resource of the stack.
func (e *Engine) Destroy(ctx context.Context, name string) (Result, error) {
	return e.run(ctx, name, nil, func(ctx context.Context, s streams) error {
		_, err := e.stack.Destroy(ctx, options(e, s, shared[optdestroy.Option]{
			optdestroy.ProgressStreams, optdestroy.ErrorProgressStreams, optdestroy.EventStreams, optdestroy.Color, optdestroy.Parallel,
		}, nil)...)
		return err
	})
}

// streams receive the output and the events of one operation.
type streams struct {
	out    io.Writer
	events chan events.EngineEvent
}

// shared are the options that every operation of the Automation API has, each in a package of its own.
type shared[Option any] struct {
	progress, errorProgress func(...io.Writer) Option
	events                  func(...chan<- events.EngineEvent) Option
	color                   func(string) Option
	parallel                func(int) Option
}

// options returns the shared options of an operation, followed by its own.
func options[Option any](e *Engine, s streams, o shared[Option], own []Option) []Option {
	return append([]Option{o.progress(s.out), o.errorProgress(s.out), o.events(s.events), o.color(e.options.Color), o.parallel(parallel)}, own...)
}

// when returns the option if the condition holds, and no option otherwise.
func when[Option any](condition bool, option Option) []Option {
	if !condition {
		return nil
	}
	return []Option{option}
}

func (e *Engine) run(
	ctx context.Context, name string, onStep func(*apitype.ResourcePreEvent), operation func(context.Context, streams) error,
) (Result, error) {
	log, err := os.Create(e.Log(name))
	if err != nil {
		return Result{}, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	var out io.Writer = log
	if e.options.Out != nil {
		shown := newDisplay(e.options.Out)
		defer shown.Flush()
		out = io.MultiWriter(log, shown)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	var result Result
	started := time.Now()
	err = automation.Watch(func(stream chan events.EngineEvent) error { return operation(ctx, streams{out, stream}) }, func(event events.EngineEvent) {
		watchdog.Reset(silence)
		result.add(event)
		if onStep != nil && event.ResourcePreEvent != nil {
			onStep(event.ResourcePreEvent)
		}
	})
	result.Took = time.Since(started)
	slices.SortFunc(result.Changes, func(a, b Change) int { return strings.Compare(a.String(), b.String()) })
	if err == nil {
		return result, nil
	}
	return result, e.explain(ctx, name, result, err)
}

// explain returns an error with the failed resources, the reasons and the log.
func (e *Engine) explain(ctx context.Context, name string, result Result, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", name, context.Cause(ctx))
	}
	if len(result.Failures) == 0 {
		return fmt.Errorf("pulumi %s failed (log: %s): %w", name, e.Log(name), cliErrors(err))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "pulumi %s failed (log: %s):", name, e.Log(name))
	for _, f := range result.Failures {
		fmt.Fprintf(&text, "\n  %s", f)
	}
	return errors.New(text.String())
}

// maxOutput is the length of the CLI's output in an error, in bytes, if the output holds no error line.
const maxOutput = 2000

// errorLine matches the CLI's error lines in an error of the Automation API, which holds the whole output.
var errorLine = regexp.MustCompile(`(?m)^(?:stderr: )?error: (.*)$`)

func cliErrors(err error) error {
	text := err.Error()
	var lines []string
	for _, match := range errorLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, match[1])
	}
	switch {
	case len(lines) > 0:
		text = strings.Join(lines, "\n  ")
	case len(text) > maxOutput:
		text = "…" + text[len(text)-maxOutput:]
	}
	return errors.New(text)
}
