package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/blang/semver"
)

// command runs one Pulumi CLI in an isolated environment: none of the user's Pulumi settings, tokens or cloud credentials
// reaches a rehearsal.
type command struct {
	path    string
	version semver.Version
	env     []string
}

// stopTimeout is the time that an interrupted CLI has to finish its current operations before it is killed.
const stopTimeout = 45 * time.Second

// inherited are the only variables that are copied from the user's environment.
var inherited = []string{"HOME", "TMPDIR", "LANG", "LC_ALL", "USER", "TERM", "SSL_CERT_FILE", "SSL_CERT_DIR"}

func newCommand(ctx context.Context, path string, env map[string]string) (*command, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the Pulumi CLI: %w", err)
	}
	c := &command{path: path}
	c.env = inheritedVariables()
	for name, value := range env {
		c.env = append(c.env, name+"="+value)
	}
	c.env = append(c.env, "PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, stderr, _, err := c.Run(ctx, filepath.Dir(path), nil, nil, nil, nil, "version")
	if err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", path, err, strings.TrimSpace(stderr))
	}
	if c.version, err = semver.ParseTolerant(strings.TrimSpace(out)); err != nil {
		return nil, fmt.Errorf("version of %s: %w", path, err)
	}
	return c, nil
}

func inheritedVariables() (variables []string) {
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			variables = append(variables, name+"="+value)
		}
	}
	return variables
}

// Version returns that of the CLI.
func (c *command) Version() semver.Version { return c.version }

// Run implements the Automation API's PulumiCommand. When ctx ends, the CLI is interrupted as by Ctrl-C: it cancels its
// providers, writes its state and ends.
func (c *command) Run(
	ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	if !slices.Contains(args, "--non-interactive") {
		args = append([]string{"--non-interactive"}, args...)
	}
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = workdir
	cmd.Env = slices.Concat(c.env, env, []string{"PULUMI_AUTOMATION_API=true"})
	var out, errs bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(stdout, &out)...)
	cmd.Stderr = io.MultiWriter(append(stderr, &errs)...)
	cmd.Stdin = stdin
	// In its own process group the CLI does not receive the terminal's Ctrl-C; the rehearsal forwards it once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	code := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		code = -1
	}
	return out.String(), errs.String(), code, err
}
