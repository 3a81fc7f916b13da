package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/roll"
)

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-stack", "prod", "-nodes", "k8s-redis, k8s-master", "-yes", "-no-surge"})
	require.NoError(t, err)
	assert.Equal(t, options{dir: "..", stack: "prod", nodes: []string{"k8s-redis", "k8s-master"}, yes: true, noSurge: true, drainTimeout: 15 * time.Minute}, o)

	_, err = parse([]string{"-drain-timeout", "1s", "dev"})
	for _, part := range []string{`unknown argument "dev"`, "-stack is missing", "-drain-timeout is 1s"} {
		assert.ErrorContains(t, err, part)
	}
}

func TestOnlyAYesConfirms(t *testing.T) {
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

// fakeAWS answers like the CLI; states are those of the command, one per question.
func fakeAWS(t *testing.T, states ...string) aws {
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

func TestTheControlPlaneIsAskedForABackup(t *testing.T) {
	pollEvery = time.Millisecond
	require.NoError(t, backup(t.Context(), fakeAWS(t, "", "Pending", "InProgress", "Success"), "i-1"))
	err := backup(t.Context(), fakeAWS(t, "InProgress", "Failed"), "i-1")
	assert.ErrorContains(t, err, "the backup on i-1 ended as Failed: the disk is full")
	assert.ErrorContains(t, err, "-no-backup")
}
