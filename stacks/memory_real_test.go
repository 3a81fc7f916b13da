package stacks

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The real engine keeps the first values of a Stash, also through an update that was refused, and replaces those that do not bind.
func TestMemory_RealEngineKeepsTheFirstValues(t *testing.T) {
	settings, err := decode(t, "dev", nil)
	require.NoError(t, err)
	live, number := &liveAccount{}, "111111111111"
	var refused error
	run := func(ctx *pulumi.Context) error {
		if refused = settings.rememberAccount(ctx, number); refused == nil {
			refused = settings.rememberCluster(ctx, live)
		}
		return refused
	}
	stack := realStack(t, run)
	preview := func(ctx context.Context) error { _, err := stack.Preview(ctx); return err }
	up := func(ctx context.Context) error { _, err := stack.Up(ctx); return err }

	podCIDR := settings.PodCIDR
	for _, step := range []struct {
		name    string
		do      func(context.Context) error
		built   bool
		podCIDR string
		number  string
		want    string
	}{
		{"first update", up, false, "172.20.0.0/16", number, ""},
		{"an unbuilt stack takes another value", up, false, podCIDR, number, ""},
		{"nothing changes", up, true, podCIDR, number, ""},
		{"an edit", preview, true, "172.20.0.0/16", number, `growbin:podCidr: "172.20.0.0/16" must stay "` + podCIDR + `"`},
		{"the edit in an update", up, true, "172.20.0.0/16", number, `growbin:podCidr: "172.20.0.0/16" must stay "` + podCIDR + `"`},
		{"the edit again", preview, true, "172.20.0.0/16", number, `growbin:podCidr: "172.20.0.0/16" must stay "` + podCIDR + `"`},
		{"another account", preview, false, podCIDR, "222222222222", `AWS account: "222222222222" must be 111111111111`},
		{"the edit taken back", up, true, podCIDR, number, ""},
	} {
		live.built, settings.PodCIDR, number = step.built, step.podCIDR, step.number
		err := step.do(t.Context())
		if step.want == "" {
			require.NoError(t, err, step.name)
			continue
		}
		require.Error(t, err, step.name)
		assert.ErrorContains(t, refused, step.want, step.name)
	}
}
