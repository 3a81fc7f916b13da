package main

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/stacks"
)

func TestTakenNodes(t *testing.T) {
	bought := map[string]string{stacks.ConfigPrefix + "buying": `["k8s-worker-ai=spot","k8s-worker-storage=spot"]`}
	s, err := stacks.ReadSettings("../..", "prod", bought)
	require.NoError(t, err)
	running := `["k8s-worker-storage","k8s-master"]`
	aws := func(_ context.Context, args ...string) ([]byte, error) {
		assert.Contains(t, args, "Name=tag:Cluster,Values=growbin-prod")
		assert.Contains(t, args, "Name=instance-state-name,Values=pending,running", "one that was taken is shutting down or terminated")
		return []byte(running), nil
	}
	taken, err := takenNodes(t.Context(), s, aws)
	require.NoError(t, err)
	assert.Equal(t, []string{"k8s-worker-ai"}, taken, "k8s-redis is bought on demand")
	assert.Equal(t, []string{"c6i.large", "m6i.large", "t3.large", "r6i.large"}, substitutes(s, taken))
	running = `["k8s-worker-storage","k8s-worker-ai"]`
	taken, err = takenNodes(t.Context(), s, aws)
	require.NoError(t, err)
	assert.Empty(t, taken)

	refused := func(context.Context, ...string) ([]byte, error) { return nil, errors.New("AccessDenied") }
	_, err = takenNodes(t.Context(), s, refused)
	require.ErrorContains(t, err, "AccessDenied")
	s, err = stacks.ReadSettings("../..", "prod", nil)
	require.NoError(t, err)
	taken, err = takenNodes(t.Context(), s, refused)
	require.NoError(t, err, "a stack without spot nodes needs no right")
	assert.Empty(t, taken)
}

func TestRoll_TakenFindsItsNodes(t *testing.T) {
	_, err := execute(t, "roll", "-s", "prod", "-C", "../..", "--taken", "--nodes", "k8s-worker-ai")
	assert.ErrorContains(t, err, "--taken: must not be set with --nodes or --force")
	out, err := execute(t, "roll", "-s", "prod", "-C", "../..", "--taken")
	require.NoError(t, err)
	assert.Contains(t, out, "Every spot node has its instance.", "prod has none; neither AWS nor Pulumi is asked")
}
