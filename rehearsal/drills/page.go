package drills

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/rehearsal"
)

// shell runs commands of the docs in bash, for the rehearsed stack: with growbin, the real kubectl, the real Pulumi CLI, and the real
// AWS CLI for the simulated account.
type shell struct {
	*growbin
	environment []string
}

// newShell installs the programs. objects has those of S3; nil for none yet.
func newShell(ctx context.Context, r *rehearsal.Rehearsal, objects *s3server.Server) (*shell, error) {
	if _, err := realserver.Find("jq"); err != nil {
		return nil, fmt.Errorf("the drill runs jq (Debian's package jq): %w", err)
	}
	command, err := installGrowbin(ctx, r, objects)
	if err != nil {
		return nil, err
	}
	tool, err := r.Builder.KubernetesTool("kubectl", r.Design.KubernetesVersion)
	if err != nil {
		return nil, err
	}
	built, err := r.Builder.Build(ctx, tool)
	if err != nil {
		return nil, err
	}
	kubectl := built["kubectl"]
	s := &shell{growbin: command, environment: append(slices.Clone(command.environment),
		"KUBECONFIG="+r.KubeconfigPath(), "PULUMI_SKIP_CONFIRMATIONS=true")}
	for i, variable := range s.environment {
		if path, is := strings.CutPrefix(variable, "PATH="); is {
			s.environment[i] = "PATH=" + path + string(os.PathListSeparator) + filepath.Dir(kubectl)
		}
	}
	return s, nil
}

// page is a page of the docs.
type page struct {
	*shell
	path string
	// blocks are the blocks of commands that did not run yet.
	blocks []string
}

// fence matches a block of commands, which may be part of a list.
var fence = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")

// exampleStack matches the stack of an example.
var exampleStack = regexp.MustCompile(`(-s |growbin-|clusters/)(dev|prod)\b`)

// open reads a page.
func (s *shell) open(path string) (*page, error) {
	text, err := os.ReadFile(filepath.Join(s.Options.Root, filepath.FromSlash(path)))
	if err != nil {
		return nil, fmt.Errorf("read a page: %w", err)
	}
	p := &page{shell: s, path: path}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		commands := strings.ReplaceAll(block[1], "go run ./cmd/growbin", "growbin")
		p.blocks = append(p.blocks, exampleStack.ReplaceAllString(commands, "${1}"+s.Options.Stack))
	}
	return p, nil
}

// run runs the next block that has a line which begins with the text, and returns its output. examples are words of the page, with
// those that stand for them here.
func (p *page) run(ctx context.Context, begins string, examples map[string]string) (string, error) {
	at := slices.IndexFunc(p.blocks, func(block string) bool {
		return slices.ContainsFunc(strings.Split(block, "\n"), func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), begins) })
	})
	if at < 0 {
		return "", fmt.Errorf("%s has no block with %q that did not run yet", p.path, begins)
	}
	block := p.blocks[at]
	p.blocks = slices.Delete(p.blocks, at, at+1)
	for _, word := range slices.Sorted(maps.Keys(examples)) {
		if !strings.Contains(block, word) {
			return "", fmt.Errorf("%s: the block with %q has no %q", p.path, begins, word)
		}
		block = strings.ReplaceAll(block, word, examples[word])
	}
	return p.script(ctx, filepath.Base(p.path)+" "+strings.ReplaceAll(begins, "/", "-"), block)
}

// script runs commands and returns their output, with their errors if one fails.
func (s *shell) script(ctx context.Context, name, commands string) (string, error) {
	for line := range strings.Lines(commands) {
		s.Console.Logf("$ %s", strings.TrimSpace(line))
	}
	bash := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	bash.Dir, bash.Env = s.Engine.WorkDir(), s.environment
	var out, failure bytes.Buffer
	bash.Stdout, bash.Stderr = &out, &failure
	failed := bash.Run()
	text := out.String() + failure.String()
	if err := os.WriteFile(s.Engine.Log(name), []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the log: %w", err)
	}
	if failed != nil {
		return text, fmt.Errorf("%s: %w\n%s", name, failed, text)
	}
	return out.String(), nil
}

// left are the first lines of the blocks that did not run.
func (p *page) left() (lines []string) {
	for _, block := range p.blocks {
		line, _, _ := strings.Cut(strings.TrimSpace(block), "\n")
		lines = append(lines, line)
	}
	return lines
}

// compareLeft requires that all blocks ran.
func (p *page) compareLeft() {
	p.Compare("commands of "+p.path+" that did not run", "none", join(p.left()), len(p.left()) == 0)
}
