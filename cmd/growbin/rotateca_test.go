package main

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRotateCA_HoldsTheLock has the command run on two instances, and stops it before anything has changed.
func TestRotateCA_HoldsTheLock(t *testing.T) {
	pollEvery = time.Millisecond
	locked, held := false, false
	var sent []string
	name := regexp.MustCompile(`Name=tag:Name,Values=(\S+)`)
	status := regexp.MustCompile(` ACTION=status bash`)
	last := ""
	run := func(_ context.Context, args ...string) ([]byte, error) {
		switch line := strings.Join(args, " "); {
		case strings.HasPrefix(line, "ssm put-parameter --name /growbin-prod/roll-lock"):
			if held {
				return nil, errors.New("ParameterAlreadyExists")
			}
			locked = true
			return nil, nil
		case strings.HasPrefix(line, "ssm get-parameter --name /growbin-prod/roll-lock"):
			return []byte(`{"Parameter":{"Value":"{\"holder\":\"anna@laptop\",\"since\":\"2026-11-26T00:00:00Z\"}"}}`), nil
		case strings.HasPrefix(line, "ssm delete-parameter --name /growbin-prod/roll-lock"):
			locked = false
			return nil, nil
		case strings.HasPrefix(line, "ec2 describe-instances"):
			if node := name.FindStringSubmatch(line)[1]; node != "k8s-redis" {
				return []byte(`[{"ID":"i-` + node + `","LaunchTime":"2026-11-26T00:00:00Z"}]`), nil
			}
			return []byte(`[]`), nil
		case strings.HasPrefix(line, "ssm send-command"):
			assert.True(t, locked, line)
			last = "no output"
			if status.MatchString(line) {
				last = `phase none\nnode k8s-master True\nnode k8s-redis True\nnode k8s-rabbitmq False\n`
			}
			sent = append(sent, args[5])
			return []byte(`{"Command": {"CommandId": "c-1"}}`), nil
		default:
			return []byte(`{"Status": "Success", "StandardOutputContent": "` + last + `"}`), nil
		}
	}
	err := rotateCA(t.Context(), run, prod(t), io.Discard)
	require.ErrorContains(t, err, "node k8s-redis must run commands: no instance of k8s-redis is running")
	require.ErrorContains(t, err, "node k8s-rabbitmq must be Ready")
	assert.Equal(t, []string{"i-k8s-master", "i-k8s-master"}, sent, "the first question, and whether the node can be reached")
	assert.False(t, locked, "a deployment may replace the broken node")

	held, sent = true, nil
	require.ErrorContains(t, rotateCA(t.Context(), run, prod(t), io.Discard), "another roll holds the lock (anna@laptop")
	assert.Empty(t, sent)
}
