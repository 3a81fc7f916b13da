package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// parallel is how many resources are worked on at once. Most of them only wait.
const parallel = 64

// silence is how long the engine may say nothing before it is taken for stuck. Whatever waits says so every few seconds.
const silence = 3 * time.Minute

var errSilent = fmt.Errorf("nothing happened for %s; a program stands still like that when a resource depends, "+
	"directly or through a component, on itself", silence)

// How adjusts one operation.
type How struct {
	// ConfigFile is read instead of the stack's own file; empty for that one.
	ConfigFile string
	// Refresh reads the real state of every resource first.
	Refresh bool
	// Steps is told each step before it is taken; nil tells nobody.
	Steps func(*apitype.ResourcePreEvent)
}

// Preview asks the engine what an update would do.
func (e *Engine) Preview(ctx context.Context, name string) (Result, error) {
	return e.PreviewWith(ctx, name, How{})
}

// PreviewWith is Preview with adjustments.
func (e *Engine) PreviewWith(ctx context.Context, name string, how How) (Result, error) {
	return e.run(ctx, name, how.Steps, func(ctx context.Context, out io.Writer, stream chan events.EngineEvent) error {
		options := []optpreview.Option{
			optpreview.ProgressStreams(out), optpreview.ErrorProgressStreams(out), optpreview.EventStreams(stream),
			optpreview.Color(e.options.Color), optpreview.Parallel(parallel), optpreview.SuppressOutputs(), optpreview.ConfigFile(how.ConfigFile),
		}
		if how.Refresh {
			options = append(options, optpreview.Refresh())
		}
		_, err := e.stack.Preview(ctx, options...)
		return err
	})
}

// Up deploys the program.
func (e *Engine) Up(ctx context.Context, name string) (Result, error) {
	return e.UpWith(ctx, name, How{})
}

// UpWith is Up with adjustments.
func (e *Engine) UpWith(ctx context.Context, name string, how How) (Result, error) {
	return e.run(ctx, name, how.Steps, func(ctx context.Context, out io.Writer, stream chan events.EngineEvent) error {
		options := []optup.Option{
			optup.ProgressStreams(out), optup.ErrorProgressStreams(out), optup.EventStreams(stream),
			optup.Color(e.options.Color), optup.Parallel(parallel), optup.SuppressOutputs(), optup.ConfigFile(how.ConfigFile),
		}
		if how.Refresh {
			options = append(options, optup.Refresh())
		}
		_, err := e.stack.Up(ctx, options...)
		return err
	})
}

// Refresh reads the real state of every resource into the stack, or of those that match one of the targets: URNs, in which *
// stands for a part without colons and ** for any.
func (e *Engine) Refresh(ctx context.Context, name string, targets ...string) (Result, error) {
	return e.run(ctx, name, nil, func(ctx context.Context, out io.Writer, stream chan events.EngineEvent) error {
		_, err := e.stack.Refresh(ctx, optrefresh.ProgressStreams(out), optrefresh.ErrorProgressStreams(out),
			optrefresh.EventStreams(stream), optrefresh.Color(e.options.Color), optrefresh.Parallel(parallel), optrefresh.Target(targets))
		return err
	})
}

// Destroy deletes every resource of the stack.
func (e *Engine) Destroy(ctx context.Context, name string) (Result, error) {
	return e.run(ctx, name, nil, func(ctx context.Context, out io.Writer, stream chan events.EngineEvent) error {
		_, err := e.stack.Destroy(ctx, optdestroy.ProgressStreams(out), optdestroy.ErrorProgressStreams(out),
			optdestroy.EventStreams(stream), optdestroy.Color(e.options.Color), optdestroy.Parallel(parallel))
		return err
	})
}

func (e *Engine) run(
	ctx context.Context, name string, steps func(*apitype.ResourcePreEvent), operation func(context.Context, io.Writer, chan events.EngineEvent) error,
) (Result, error) {
	log, err := os.Create(e.Log(name))
	if err != nil {
		return Result{}, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	out := log
	var display io.Writer = out
	if e.options.Out != nil {
		shown := newDisplay(e.options.Out)
		defer shown.Flush()
		display = io.MultiWriter(out, shown)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer quiet.Stop()
	stream, collected := make(chan events.EngineEvent), make(chan Result)
	go func() { collected <- collect(stream, steps, func() { quiet.Reset(silence) }) }()
	started := time.Now()
	err = operation(ctx, display, stream)
	// The Automation API closes the stream once it has opened it; if it never came to that, nobody else will.
	closeOnce(stream)
	result := <-collected
	result.Took = time.Since(started)
	if err == nil {
		return result, nil
	}
	return result, e.explain(ctx, name, result, err)
}

func closeOnce(stream chan events.EngineEvent) {
	defer func() { _ = recover() }()
	close(stream)
}

// explain makes an error that a person can act on: which resources failed, why, and where everything is written.
func (e *Engine) explain(ctx context.Context, name string, result Result, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", name, context.Cause(ctx))
	}
	if len(result.Failures) == 0 {
		// The last words of the CLI hold the reason when no resource has one.
		return fmt.Errorf("pulumi %s failed (log: %s): %w", name, e.Log(name), lastWords(err))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "pulumi %s failed (log: %s):", name, e.Log(name))
	for _, f := range result.Failures {
		fmt.Fprintf(&text, "\n  %s", f)
	}
	return errors.New(text.String())
}

// mostWords is how much of the CLI's output an error repeats when it names none itself, in bytes.
const mostWords = 2000

// complaint finds the CLI's own error lines in what the Automation API returns, which is everything that was printed.
var complaint = regexp.MustCompile(`(?m)^(?:stderr: )?error: (.*)$`)

func lastWords(err error) error {
	text := err.Error()
	var said []string
	for _, match := range complaint.FindAllStringSubmatch(text, -1) {
		said = append(said, match[1])
	}
	switch {
	case len(said) > 0:
		text = strings.Join(said, "\n  ")
	case len(text) > mostWords:
		text = "…" + text[len(text)-mostWords:]
	}
	return errors.New(text)
}
