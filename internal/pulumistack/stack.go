// Package pulumistack previews and updates a Pulumi stack for a roll, with settings for one operation.
package pulumistack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/growbin/cluster/internal/automation"
	"github.com/growbin/cluster/internal/roll"
)

// Options identify the stack, its settings and its outputs.
type Options struct {
	// Dir is the folder of Pulumi.yaml.
	Dir string
	// Stack is the name of the stack.
	Stack string
	// Settings are the keys of the overrides.
	Settings Settings
	// NodesOutput is the name of the stack output whose keys are the names of the nodes.
	NodesOutput string
	// KubeconfigOutput is the name of the stack output with an administrator's kubeconfig.
	KubeconfigOutput string
	// Records are the names of resources that record what the cluster reports, e.g. released images. The next update stores the
	// present record, so an update of one is no drift.
	Records []string
	// Progress receives Pulumi's own display.
	Progress io.Writer
}

// Stack is an existing stack.
type Stack struct {
	options Options
	stack   auto.Stack
}

var _ roll.Stack = (*Stack)(nil)

// Open selects a stack. It uses the Pulumi CLI and the credentials of the environment.
func Open(ctx context.Context, o Options) (*Stack, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("resolve the project folder: %w", err)
	}
	o.Dir = dir
	stack, err := auto.SelectStackLocalSource(ctx, o.Stack, dir)
	if err != nil {
		return nil, fmt.Errorf("open stack %s in %s: %w", o.Stack, dir, err)
	}
	return New(stack, o), nil
}

// New returns a Stack for an open Automation API stack.
func New(stack auto.Stack, o Options) *Stack { return &Stack{options: o, stack: stack} }

// Nodes returns the names of the stack's nodes.
func (s *Stack) Nodes(ctx context.Context) ([]string, error) {
	value, err := s.output(ctx, s.options.NodesOutput)
	if err != nil {
		return nil, err
	}
	nodes, ok := value.(map[string]any)
	if !ok || len(nodes) == 0 {
		return nil, fmt.Errorf("stack output %s names no nodes", s.options.NodesOutput)
	}
	return slices.Sorted(maps.Keys(nodes)), nil
}

// Kubeconfig returns an administrator's kubeconfig, which is a secret.
func (s *Stack) Kubeconfig(ctx context.Context) ([]byte, error) {
	value, err := s.output(ctx, s.options.KubeconfigOutput)
	if err != nil {
		return nil, err
	}
	text, ok := value.(string)
	if !ok || text == "" {
		return nil, fmt.Errorf("stack output %s is empty", s.options.KubeconfigOutput)
	}
	return []byte(text), nil
}

// Field returns a text of a stack output that is an object.
func (s *Stack) Field(ctx context.Context, output, key string) (string, error) {
	value, err := s.output(ctx, output)
	if err != nil {
		return "", err
	}
	fields, _ := value.(map[string]any)
	text, ok := fields[key].(string)
	if !ok || text == "" {
		return "", fmt.Errorf("stack output %s has no %s: run pulumi up first", output, key)
	}
	return text, nil
}

func (s *Stack) output(ctx context.Context, name string) (any, error) {
	outputs, err := s.stack.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the outputs of stack %s: %w", s.options.Stack, err)
	}
	output, ok := outputs[name]
	if !ok {
		return nil, fmt.Errorf("stack %s has no output %s: run pulumi up first", s.options.Stack, name)
	}
	return output.Value, nil
}

// Machines previews an update and returns the planned change of each instance.
func (s *Stack) Machines(ctx context.Context, o roll.Overrides) ([]roll.Machine, error) {
	preview := NewPreview()
	err := s.operate(o, preview.Add, func(path string, stream chan events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.ConfigFile(path), optpreview.EventStreams(stream), optpreview.SuppressOutputs(), optpreview.SuppressProgress())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("preview stack %s: %w", s.options.Stack, err)
	}
	return preview.Machines()
}

// Refresh reads the stack's resources back, so that instances that are gone leave the state.
func (s *Stack) Refresh(ctx context.Context) error {
	if _, err := s.stack.Refresh(ctx, optrefresh.ProgressStreams(s.options.Progress)); err != nil {
		return fmt.Errorf("refresh stack %s: %w", s.options.Stack, err)
	}
	return nil
}

// Up updates the stack.
func (s *Stack) Up(ctx context.Context, title string, o roll.Overrides) error {
	err := s.operate(o, func(*apitype.ResourcePreEvent) {}, func(path string, stream chan events.EngineEvent) error {
		_, err := s.stack.Up(ctx, optup.ConfigFile(path), optup.EventStreams(stream), optup.Message("roll: "+title),
			optup.ProgressStreams(s.options.Progress), optup.SuppressOutputs(), optup.Replace(o.Replace))
		return err
	})
	if err != nil {
		return fmt.Errorf("update stack %s: %w", s.options.Stack, err)
	}
	return nil
}

// operate runs one operation with the overrides. Its error consists of the engine's diagnostics: the Automation API's own error
// repeats the whole output.
func (s *Stack) operate(o roll.Overrides, onStep func(*apitype.ResourcePreEvent), do func(path string, stream chan events.EngineEvent) error) error {
	path, remove, err := ConfigFile(s.options.Dir, s.options.Stack, s.options.Settings, o)
	if err != nil {
		return err
	}
	defer remove()
	var failures []string
	err = automation.Watch(func(stream chan events.EngineEvent) error { return do(path, stream) }, func(event events.EngineEvent) {
		onStep(event.ResourcePreEvent)
		if d := event.DiagnosticEvent; d != nil && d.Severity == "error" {
			failures = append(failures, automation.Message(d))
		}
	})
	if err != nil && len(failures) > 0 {
		return errors.New(strings.Join(failures, "\n"))
	}
	return err
}
