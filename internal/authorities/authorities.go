// Package authorities replaces the certificate authorities of a running cluster and the key of its service account tokens.
package authorities

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

var (
	//go:embed control-plane.sh
	controlPlaneScript string
	//go:embed node.sh
	nodeScript string
)

// Options say which cluster, and how to reach it.
type Options struct {
	// ControlPlane is the name of the node with the API server.
	ControlPlane string
	// Run runs a shell command as root on a node, and returns its output.
	Run func(ctx context.Context, node, command string) (string, error)
	// Backup saves etcd and the authorities.
	Backup func(context.Context) error
	// Logf, if non-nil, is called before each step.
	Logf func(format string, args ...any)
}

// Rotate replaces the authorities of the cluster, of etcd and of the front proxy, and the key of tokens. A rotation that was
// interrupted continues. It changes nothing if a node is not Ready or cannot be reached.
func Rotate(ctx context.Context, o Options) error {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	phase, nodes, err := o.check(ctx)
	if err != nil {
		return err
	}
	if phase != phaseDrop {
		o.Logf("%s trusts two authorities, and keys of tokens", o.ControlPlane)
		issue, err := o.step(ctx, "prepare")
		if err != nil {
			return err
		}
		if err := o.visit(ctx, nodes, issue, "trusts two authorities, with a certificate of the next one"); err != nil {
			return err
		}
		o.Logf("pods with a token of the API server start anew, and trust two authorities")
		if _, err := o.step(ctx, "pods"); err != nil {
			return err
		}
	}
	o.Logf("%s uses the next authorities, and signs tokens with the next key", o.ControlPlane)
	drop, err := o.step(ctx, "switch")
	if err != nil {
		return err
	}
	if err := o.Backup(ctx); err != nil {
		return err
	}
	if err := o.visit(ctx, nodes, drop, "trusts the next authority alone, and its pods have tokens of the next key"); err != nil {
		return err
	}
	o.Logf("pods with a token of the API server start anew, and trust the next authority alone")
	if _, err := o.step(ctx, "pods"); err != nil {
		return err
	}
	o.Logf("%s accepts tokens of the next key alone", o.ControlPlane)
	if _, err := o.step(ctx, "finish"); err != nil {
		return err
	}
	if _, _, err := o.check(ctx); err != nil {
		return err
	}
	if err := o.Backup(ctx); err != nil {
		return err
	}
	_, err = o.step(ctx, "clean")
	return err
}

// phaseDrop is the phase in which the next authorities are in use.
const phaseDrop = "drop"

// facts are words of a script's output by the first word of their lines.
type facts map[string][][]string

func (f facts) first(name string) string {
	if lines := f[name]; len(lines) > 0 && len(lines[0]) > 0 {
		return lines[0][0]
	}
	return ""
}

// step runs one step on the control plane.
func (o Options) step(ctx context.Context, action string) (facts, error) {
	text, err := o.Run(ctx, o.ControlPlane, script(controlPlaneScript, "ACTION="+action))
	if err != nil {
		return nil, fmt.Errorf("step %s: %w", action, err)
	}
	found := facts{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 {
			found[words[0]] = append(found[words[0]], words[1:])
		}
	}
	return found, nil
}

// check returns the phase of the rotation and the names of all nodes, or every reason not to go on.
func (o Options) check(ctx context.Context) (phase string, nodes []string, err error) {
	status, err := o.step(ctx, "status")
	if err != nil {
		return "", nil, err
	}
	var problems []error
	for _, node := range status["node"] {
		nodes = append(nodes, node[0])
		if !slices.Equal(node[1:], []string{"True"}) {
			problems = append(problems, fmt.Errorf("node %s must be Ready", node[0]))
			continue
		}
		if _, err := o.Run(ctx, node[0], script(nodeScript, "TRUST=")); err != nil {
			problems = append(problems, fmt.Errorf("node %s must run commands: %w", node[0], err))
		}
	}
	for _, pod := range status["ownerless"] {
		problems = append(problems, fmt.Errorf("pod %s has a token and no owner that would start it anew: it must be deleted", pod[0]))
	}
	return status.first("phase"), nodes, errors.Join(problems...)
}

// visit brings the authorities to all nodes, one after the other. A node that has them already keeps its kubelet.
func (o Options) visit(ctx context.Context, nodes []string, f facts, done string) error {
	for _, node := range nodes {
		command := script(nodeScript, "TRUST="+f.first("trust"), "AUTHORITY="+f.first("authority"), "VOUCH="+f.first("vouch"), "KEY="+f.first("key"))
		if _, err := o.Run(ctx, node, command); err != nil {
			return fmt.Errorf("node %s: %w", node, err)
		}
		o.Logf("%s %s", node, done)
	}
	return nil
}

// script returns the shell command that runs a script with variables. Their values have no spaces.
func script(text string, variables ...string) string {
	return fmt.Sprintf("LIB=%s/lib.sh %s bash -s <<'SCRIPT'\n%sSCRIPT\n", userdata.ScriptsDir, strings.Join(variables, " "), text)
}
