package stacks

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// locked takes the lock of the stack in the simulated account before the program runs.
func locked(ctx *pulumi.Context) error {
	parameter, err := ssm.NewParameter(ctx, "lock", &ssm.ParameterArgs{
		Name: pulumi.String(LockParameter("dev")), Type: pulumi.String("String"),
		Value: pulumi.String(`{"id":"one","holder":"kim@laptop","since":"2026-11-25T03:00:00Z"}`),
	})
	if err != nil {
		return err
	}
	created := make(chan struct{})
	parameter.ID().ApplyT(func(pulumi.ID) any { close(created); return nil })
	<-created
	return nil
}

func TestRollLock_ExcludesOtherUpdates(t *testing.T) {
	w, err := tryDeploy(t, "dev", nil, awssim.Options{}, locked)
	require.ErrorContains(t, err, "kim@laptop")
	require.ErrorContains(t, err, "growbin unlock -s dev")
	assert.Empty(t, w.mocks.OfType(instanceType), "nothing is created")

	_, err = tryDeploy(t, "dev", map[string]string{"rollLocks": `["one"]`}, awssim.Options{}, locked)
	require.NoError(t, err, "an update of the roll that holds the lock")
	_, err = tryDeploy(t, "dev", map[string]string{"rollLocks": `["another"]`}, awssim.Options{}, locked)
	require.ErrorContains(t, err, "kim@laptop")
	_, err = tryDeploy(t, "dev", map[string]string{"rollLocks": `["one"]`}, awssim.Options{})
	require.ErrorContains(t, err, "broken")
}
