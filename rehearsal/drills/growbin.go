package drills

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/internal/testing/awssim/cliserver"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
)

// growbin is the command, compiled, for the rehearsed stack.
type growbin struct {
	*rehearsal.Rehearsal
	path        string
	environment []string
}

// installGrowbin compiles growbin, the Pulumi program and the language host, and installs the real AWS CLI for the simulated
// account, of which objects has those of S3; nil for none yet. All but the last are kept for the next drill.
func installGrowbin(ctx context.Context, r *rehearsal.Rehearsal, objects *s3server.Server) (*growbin, error) {
	cli, err := realserver.Find("aws")
	if err != nil {
		return nil, fmt.Errorf("the drill runs the real AWS CLI (Debian's package awscli): %w", err)
	}
	compiled, err := filepath.Abs(filepath.Join(r.Options.Root, ".rehearsal", "bin", "commands"))
	if err != nil {
		return nil, fmt.Errorf("find the folder of programs: %w", err)
	}
	own := filepath.Join(r.Engine.WorkDir(), "bin")
	if err := errors.Join(os.MkdirAll(compiled, 0o700), os.MkdirAll(own, 0o700)); err != nil {
		return nil, fmt.Errorf("make a folder for the command: %w", err)
	}
	program := filepath.Join(compiled, "program")
	for _, b := range []struct{ path, module, pkg string }{
		{filepath.Join(compiled, "growbin"), ".", "./cmd/growbin"},
		{program, ".", "./infra"},
		{filepath.Join(compiled, "pulumi-language-go"), "rehearsal", "./cmd/languagehost"},
	} {
		build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(r.Options.Root, b.module), "-o", b.path, b.pkg)
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("compile %s: %w\n%s", b.pkg, err, out)
		}
	}
	if err := r.Engine.RunExecutable(program); err != nil {
		return nil, err
	}
	if objects == nil {
		objects = s3server.New()
		r.Defer(objects.Close)
	}
	server := cliserver.New(r.Cloud, objects)
	r.Defer(server.Close)
	if err := realserver.InstallAWSCLI(own, cli, server.URL()); err != nil {
		return nil, err
	}
	environment := append(r.Engine.Environment(), server.Environment()...)
	for i, variable := range environment {
		if path, is := strings.CutPrefix(variable, "PATH="); is {
			environment[i] = "PATH=" + strings.Join([]string{own, compiled, path}, string(os.PathListSeparator))
		}
	}
	return &growbin{Rehearsal: r, path: filepath.Join(compiled, "growbin"), environment: environment}, nil
}

// as runs the command with the rights of a role in AWS.
func (g *growbin) as(ctx context.Context, role iampolicy.Role, args ...string) (string, error) {
	policy, err := programs.RolePolicy(g.Options.Root, g.Options.Stack, g.Cloud.AccountID(), role)
	if err != nil {
		return "", err
	}
	if err := g.Cloud.Assume(programs.RoleName(role), policy); err != nil {
		return "", fmt.Errorf("assume the role of the %s: %w", role, err)
	}
	defer g.Cloud.Leave()
	return g.run(ctx, args...)
}

// run runs the command and returns its output, with its errors if it fails.
func (g *growbin) run(ctx context.Context, args ...string) (string, error) {
	g.Console.Logf("growbin %s -s %s", strings.Join(args, " "), g.Options.Stack)
	command := exec.CommandContext(ctx, g.path, append(args, "-s", g.Options.Stack, "-C", g.Engine.WorkDir())...)
	command.Env = g.environment
	var out, failure bytes.Buffer
	command.Stdout, command.Stderr = &out, &failure
	failed := command.Run()
	name, text := strings.Join(args, " "), out.String()+failure.String()
	if failed != nil || args[0] != "kubeconfig" { // whose output is a secret
		if err := os.WriteFile(g.Engine.Log("growbin "+name), []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write the log: %w", err)
		}
	}
	if failed != nil {
		return text, fmt.Errorf("growbin %s: %w\n%s", name, failed, text)
	}
	return out.String(), nil
}

// lists reports whether growbin release --list names the tag of the released application.
func lists(out, tag string) bool {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, releasedApplication) && strings.Contains(line, tag) {
			return true
		}
	}
	return false
}
