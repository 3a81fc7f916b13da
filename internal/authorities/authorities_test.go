package authorities

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster answers the scripts as a control plane with the workers does, and records the steps.
type cluster struct {
	phase string
	// nodes are "NAME READY"; pods are "NAMESPACE/NAME" without an owner.
	nodes, pods []string
	// broken is a step that fails: an action, or a node.
	broken string
	steps  []string
}

var (
	action = regexp.MustCompile(` ACTION=(\w+) bash`)
	trust  = regexp.MustCompile(` TRUST=(\S*) `)
)

func (c *cluster) options() Options {
	return Options{ControlPlane: "k8s-master", Run: c.run, Backup: func(context.Context) error {
		c.steps = append(c.steps, "backup")
		return nil
	}}
}

func (c *cluster) run(_ context.Context, node, command string) (string, error) {
	if found := trust.FindStringSubmatch(command); found != nil {
		if found[1] != "" {
			c.steps = append(c.steps, node+" trusts "+found[1])
		}
		if c.broken == node {
			return "", errors.New("InvalidInstanceId")
		}
		return "", nil
	}
	step := action.FindStringSubmatch(command)[1]
	if step != "status" {
		c.steps = append(c.steps, step)
	}
	if c.broken == step {
		return "", errors.New("stopped")
	}
	switch step {
	case "status":
		text := "phase " + c.phase + "\n"
		for _, node := range c.nodes {
			text += "node " + node + "\n"
		}
		for _, pod := range c.pods {
			text += "ownerless " + pod + "\n"
		}
		return text, nil
	case "prepare":
		c.phase = "issue"
		return "trust both\nauthority next\nvouch former\n", nil
	case "switch":
		c.phase = "drop"
		return "trust next\nauthority next\nkey k\n", nil
	case "clean":
		c.phase = "none"
	}
	return "", nil
}

func TestRotate_Order(t *testing.T) {
	c := &cluster{phase: "none", nodes: []string{"k8s-master True", "k8s-redis True"}}
	require.NoError(t, Rotate(t.Context(), c.options()))
	assert.Equal(t, "prepare; k8s-master trusts both; k8s-redis trusts both; pods; switch; backup; k8s-master trusts next; k8s-redis trusts next; pods; finish; backup; clean",
		strings.Join(c.steps, "; "))
}

// A rotation that was stopped goes on where it was: whoever trusts the next authority alone never gets the former one again.
func TestRotate_Continues(t *testing.T) {
	for broken, from := range map[string]string{
		"prepare": "prepare; k8s-master trusts both", "k8s-redis": "", "pods": "prepare; k8s-master trusts both", "switch": "prepare; k8s-master trusts both",
		"finish": "switch; backup; k8s-master trusts next", "clean": "switch; backup; k8s-master trusts next",
	} {
		c := &cluster{phase: "none", nodes: []string{"k8s-master True", "k8s-redis True"}, broken: broken}
		require.Error(t, Rotate(t.Context(), c.options()), broken)
		if broken != "k8s-redis" { // it was not reachable before anything was changed
			assert.Equal(t, broken, c.steps[len(c.steps)-1])
		}
		c.broken, c.steps = "", nil
		require.NoError(t, Rotate(t.Context(), c.options()), broken)
		assert.Equal(t, "none", c.phase)
		assert.True(t, strings.HasPrefix(strings.Join(c.steps, "; "), from), "%s: %v", broken, c.steps)
	}
}

func TestRotate_NamesEveryProblemFirst(t *testing.T) {
	c := &cluster{phase: "none", nodes: []string{"k8s-master True", "k8s-redis True", "k8s-postgresql Unknown", "k8s-rabbitmq"}, pods: []string{"default/debug"}, broken: "k8s-redis"}
	err := Rotate(t.Context(), c.options())
	for _, problem := range []string{
		"node k8s-redis must run commands: InvalidInstanceId", "node k8s-postgresql must be Ready", "node k8s-rabbitmq must be Ready",
		"pod default/debug has a token and no owner",
	} {
		assert.ErrorContains(t, err, problem)
	}
	assert.Empty(t, c.steps)
}
