package tools

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// outputTail is how many lines of the compiler's output an error shows.
const outputTail = 15

// compilation is one run of the compiler.
type compilation struct {
	module, version, target string
	tool                    Tool
	progress                *progress
	// flags are given to go list and go build alike.
	flags []string
}

// run fetches the sources, compiles them and moves the program into the cache atomically.
func (c *compilation) run(ctx context.Context) error {
	c.progress.show("preparing " + c.tool.title(c.version))
	if len(c.tool.tags) > 0 {
		c.flags = append(c.flags, "-tags", strings.Join(c.tool.tags, ","))
	}
	overlay, err := c.overlay(ctx)
	if err != nil {
		return err
	}
	if overlay != "" {
		defer os.Remove(overlay)
		c.flags = append(c.flags, "-overlay", overlay)
	}
	if len(c.tool.edits) > 0 {
		edited := c.target + ".edited"
		defer os.RemoveAll(edited)
		if err := c.edit(ctx, edited); err != nil {
			return err
		}
		c.flags = append(c.flags, "-modfile", filepath.Join(edited, "go.mod"))
	}
	stale, err := c.stalePackages(ctx)
	if err != nil {
		return err
	}
	temporary := fmt.Sprintf("%s.%d", c.target, os.Getpid())
	defer os.Remove(temporary)
	c.progress.show("linking " + c.tool.title(c.version)) // all that is left when Go's cache holds every package
	done := 0
	err = c.goCommand(ctx, nil, func(line string) bool {
		if _, ok := stale[line]; !ok {
			return false
		}
		done++
		c.progress.show(fmt.Sprintf("building %s  %d/%d packages", c.tool.title(c.version), done, len(stale)))
		return true
	}, c.arguments("build", "-v", "-ldflags", c.tool.linkerFlags(c.version), "-o", temporary)...)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, c.target); err != nil {
		return fmt.Errorf("move the program into the cache: %w", err)
	}
	return nil
}

// stalePackages lists the packages that are missing in Go's build cache. On a host that never built the tool, listing
// them downloads its sources.
func (c *compilation) stalePackages(ctx context.Context) (map[string]struct{}, error) {
	fetched := 0
	var list strings.Builder
	err := c.goCommand(ctx, &list, func(line string) bool {
		if !strings.HasPrefix(line, "go: downloading ") {
			return false
		}
		fetched++
		c.progress.show(fmt.Sprintf("fetching the sources of %s  %d modules", c.tool.title(c.version), fetched))
		return true
	}, c.arguments("list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}")...)
	if err != nil {
		return nil, err
	}
	stale := map[string]struct{}{}
	for _, name := range strings.Fields(list.String()) {
		stale[name] = struct{}{}
	}
	return stale, nil
}

// arguments completes a command line of Go with the flags and the package.
func (c *compilation) arguments(args ...string) []string {
	return append(append(args, c.flags...), c.tool.Package)
}

// goCommand runs Go in the tool module. It calls understood with each line of standard error; lines for which that
// returns false are kept for the error.
func (c *compilation) goCommand(ctx context.Context, stdout io.Writer, understood func(line string) bool, args ...string) error {
	command := newGoCommand(ctx, c.module, args...)
	command.Stdout = stdout
	stderr, err := command.StderrPipe()
	if err != nil {
		return fmt.Errorf("running go %s: %w", args[0], err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("running go %s: %w", args[0], err)
	}
	var tail []string
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20) // a linker error can be one very long line
	for lines.Scan() {
		if line := lines.Text(); !understood(line) {
			tail = append(tail, line)
			tail = tail[max(0, len(tail)-outputTail):]
		}
	}
	if err := errors.Join(lines.Err(), command.Wait()); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w", ctx.Err())
		}
		return fmt.Errorf("go %s failed in %s: %w\n%s", args[0], c.module, err, strings.Join(tail, "\n"))
	}
	return nil
}

// goOutput runs Go in a module and returns its standard output.
func goOutput(ctx context.Context, module string, args ...string) (string, error) {
	output, err := newGoCommand(ctx, module, args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("running go %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(output)), nil
}

// newGoCommand makes builds reproducible: no C compiler, no workspace, and none of the user's flags.
func newGoCommand(ctx context.Context, module string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = module
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	// Go's children compile in the same process group, so that an interrupted build leaves none of them behind.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	return command
}
