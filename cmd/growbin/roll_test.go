package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/roll"
)

// execute runs the command with arguments and returns its output and error.
func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestRoll_Flags(t *testing.T) {
	s := &stackOptions{dir: ".", stack: "prod"}
	command := newRoll(s)
	require.NoError(t, command.ParseFlags([]string{"--nodes", "k8s-redis, k8s-master", "--force", "k8s-worker-ai", "-y", "--no-surge"}))
	for _, flag := range []string{"nodes", "force", "yes", "no-surge", "no-backup", "drain-timeout"} {
		assert.NotNil(t, command.Flags().Lookup(flag), flag)
	}
	o := rollOptions{stackOptions: s, nodes: []string{"k8s-redis", " k8s-master", ""}, force: []string{" k8s-worker-ai"}, drainTimeout: 15 * time.Minute}
	require.NoError(t, o.check())
	assert.Equal(t, []string{"k8s-redis", "k8s-master"}, o.nodes)
	assert.Equal(t, []string{"k8s-worker-ai"}, o.force)
}

func TestRoll_InvalidFlagsAreReportedTogether(t *testing.T) {
	_, err := execute(t, "roll", "--drain-timeout", "1s")
	for _, part := range []string{"--stack: not set", "--drain-timeout: 1s must be at least 1m"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = execute(t, "roll", "dev")
	assert.ErrorContains(t, err, `"dev"`)
	_, err = execute(t, "roll", "-C", "../..", "-s", "dve")
	assert.ErrorContains(t, err, `there is no stack "dve"`)
}

func TestConfirm_OnlyYesIsYes(t *testing.T) {
	plan := &roll.Plan{Steps: []roll.Step{{Machine: roll.Machine{Node: "k8s-redis"}}}}
	for answer, want := range map[string]bool{"yes\n": true, "y\n": false, "": false, "\n": false} {
		ok, err := confirm(plan, false, strings.NewReader(answer), &strings.Builder{})
		require.NoError(t, err)
		assert.Equal(t, want, ok, "%q", answer)
	}
	ok, err := confirm(plan, true, strings.NewReader(""), &strings.Builder{})
	require.NoError(t, err)
	assert.True(t, ok)
}

// fakeAWS answers as the CLI does; states are those of the command, one per poll.
func fakeAWS(t *testing.T, states ...string) awscli.Runner {
	return func(_ context.Context, args ...string) ([]byte, error) {
		line := strings.Join(args, " ")
		if strings.HasPrefix(line, "ssm send-command") {
			assert.Contains(t, line, "--instance-ids i-1 ")
			assert.Contains(t, line, `{"commands":["systemctl start kubeadm-backup.service"]}`)
			return []byte(`{"Command": {"CommandId": "c-1"}}`), nil
		}
		assert.Equal(t, "ssm get-command-invocation --command-id c-1 --instance-id i-1", line)
		state := states[0]
		states = states[1:]
		if state == "" {
			return nil, errors.New("An error occurred (InvocationDoesNotExist)")
		}
		return fmt.Appendf(nil, `{"Status": %q, "StandardErrorContent": "the disk is full\n"}`, state), nil
	}
}

func TestBackup_WaitsForTheControlPlane(t *testing.T) {
	pollEvery = time.Millisecond
	require.NoError(t, backup(t.Context(), fakeAWS(t, "", "Pending", "InProgress", "Success"), "i-1"))
	err := backup(t.Context(), fakeAWS(t, "InProgress", "Failed"), "i-1")
	assert.ErrorContains(t, err, "the backup: the command on i-1 ended as Failed: the disk is full")
}
