// Package engine runs the real Pulumi CLI for a rehearsal: the Automation API serves the program from this process, the state
// is a directory, and the providers listen on the given ports.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// passphrase encrypts the secrets of a rehearsal, which are generated for it.
const passphrase = "rehearsal"

// Options of an engine.
type Options struct {
	// Project is the directory that holds Pulumi.yaml and Pulumi.<stack>.yaml. They are copied, never written.
	Project string
	Stack   string
	// Pulumi is the path of the CLI.
	Pulumi string
	// State is the directory of the backend, Pulumi's home, the copied project and the logs.
	State string
	// Program is served from this process.
	Program pulumi.RunFunc
	// Providers maps package names to the loopback ports of their providers. Pulumi looks for a plugin of any other package.
	Providers map[string]int
	// Plugins maps package names to the paths of installed plugins.
	Plugins map[string]string
	// Config and Secrets override the stack file, by full key (project:key).
	Config, Secrets map[string]string
	// Out receives Pulumi's display; Color is always or never.
	Out   io.Writer
	Color string
}

// Engine is one stack, ready to be previewed, deployed and destroyed.
type Engine struct {
	options     Options
	stack       auto.Stack
	environment []string
	// Version of the CLI.
	Version string
}

// Open prepares the stack. It can be opened again with the same state directory.
func Open(ctx context.Context, o Options) (*Engine, error) {
	dirs := map[string]string{}
	for _, name := range []string{"backend", "home", "work", "logs"} {
		dirs[name] = filepath.Join(o.State, name)
		if err := os.MkdirAll(dirs[name], 0o700); err != nil {
			return nil, fmt.Errorf("make the rehearsal's directory: %w", err)
		}
	}
	if err := copyProject(o.Project, dirs["work"], o.Stack, o.Plugins); err != nil {
		return nil, err
	}
	backend, err := filepath.Abs(dirs["backend"])
	if err != nil {
		return nil, fmt.Errorf("find the state directory: %w", err)
	}
	cli, err := newCommand(ctx, o.Pulumi, map[string]string{
		"PULUMI_BACKEND_URL":                            "file://" + filepath.ToSlash(backend),
		"PULUMI_HOME":                                   filepath.Join(filepath.Dir(backend), "home"),
		"PULUMI_CONFIG_PASSPHRASE":                      passphrase,
		"PULUMI_SKIP_UPDATE_CHECK":                      "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION":   "true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
		"PULUMI_DEBUG_PROVIDERS":                        attach(o.Providers),
		// Writing the state only at the end of an operation halves the time of a rehearsal. If this process dies half-way, the
		// simulated AWS that the state describes is gone too.
		"PULUMI_SKIP_CHECKPOINTS": "true",
	})
	if err != nil {
		return nil, err
	}
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(dirs["work"]), auto.Program(o.Program), auto.Pulumi(cli))
	if err != nil {
		return nil, fmt.Errorf("open the Pulumi project: %w", err)
	}
	stack, err := auto.UpsertStack(ctx, o.Stack, workspace)
	if err != nil {
		return nil, fmt.Errorf("open the stack %s: %w", o.Stack, err)
	}
	e := &Engine{options: o, stack: stack, environment: cli.env, Version: cli.version.String()}
	return e, e.configure(ctx, o.Config, o.Secrets)
}

// SetConfig overrides one more setting of the stack.
func (e *Engine) SetConfig(ctx context.Context, key, value string) error {
	return e.configure(ctx, map[string]string{key: value}, nil)
}

// SetSecret overrides one more setting of the stack, encrypted.
func (e *Engine) SetSecret(ctx context.Context, key, value string) error {
	return e.configure(ctx, nil, map[string]string{key: value})
}

// RemoveConfig removes a setting of the stack.
func (e *Engine) RemoveConfig(ctx context.Context, key string) error {
	if err := e.stack.RemoveConfig(ctx, key); err != nil {
		return fmt.Errorf("remove %s from the rehearsal's settings: %w", key, err)
	}
	return nil
}

// SetConfigPath overrides an item of a list, e.g. project:key[0].
func (e *Engine) SetConfigPath(ctx context.Context, path, value string) error {
	if err := e.stack.SetConfigWithOptions(ctx, path, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}); err != nil {
		return fmt.Errorf("set the rehearsal's settings: %w", err)
	}
	return nil
}

// configure sets the values. A list, which is a JSON array of strings, is set item by item.
func (e *Engine) configure(ctx context.Context, config, secrets map[string]string) error {
	values := auto.ConfigMap{}
	for key, value := range config {
		var items []string
		if json.Unmarshal([]byte(value), &items) != nil {
			values[key] = auto.ConfigValue{Value: value}
			continue
		}
		for i, item := range items {
			if err := e.SetConfigPath(ctx, fmt.Sprintf("%s[%d]", key, i), item); err != nil {
				return err
			}
		}
	}
	for key, value := range secrets {
		values[key] = auto.ConfigValue{Value: value, Secret: true}
	}
	if len(values) == 0 {
		return nil
	}
	if err := e.stack.SetAllConfig(ctx, values); err != nil {
		return fmt.Errorf("set the rehearsal's settings: %w", err)
	}
	return nil
}

// WorkDir is the folder of the copied project and its stack file.
func (e *Engine) WorkDir() string { return filepath.Join(e.options.State, "work") }

// Environment are the variables with which another process uses the stack as this one does, with the Pulumi CLI in its PATH.
func (e *Engine) Environment() []string { return slices.Clone(e.environment) }

// RunExecutable makes other processes run the program from an executable. This process continues to serve its own.
func (e *Engine) RunExecutable(path string) error {
	return editProject(e.WorkDir(), func(project map[string]any) {
		project["runtime"] = map[string]any{"name": "go", "options": map[string]any{"binary": path}}
	})
}

// Log is the file of an operation's full output.
func (e *Engine) Log(operation string) string {
	return filepath.Join(e.options.State, "logs", operation+".log")
}

func attach(providers map[string]int) string {
	var list []string
	for name, port := range providers {
		list = append(list, fmt.Sprintf("%s:%d", name, port))
	}
	sort.Strings(list)
	return strings.Join(list, ",")
}
