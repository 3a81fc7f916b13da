package loadbalancer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/provider"
)

// pulumiCLI finds the real Pulumi. In CI it must be there.
func pulumiCLI(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("NOT RUN: -short leaves out pulumi")
	}
	if path := os.Getenv("PULUMI"); path != "" {
		return path
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "pulumi is required in CI")
		t.Skip("NOT RUN: pulumi is not installed")
	}
	return path
}

// The real engine creates it, changes nothing the second time, replaces the targets of a changed port, and deletes everything in an
// order that AWS accepts.
func TestLoadBalancer_RealEngine(t *testing.T) {
	cli := pulumiCLI(t)
	t.Setenv("PATH", filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"))
	d := &deployed{T: t, cloud: awssim.New(awssim.Options{HostedZones: []string{"example.com"}}), urls: map[string]string{}}
	t.Cleanup(d.cloud.Close)
	aws, err := provider.Serve(t.Context(), d.cloud)
	require.NoError(t, err)
	t.Cleanup(aws.Close)
	var edit func(*LoadBalancerArgs)
	d.image = d.cloud.MakeImage("node", "x86_64", 8)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: project\nruntime: go\nconfig:\n  aws:region: {value: ap-northeast-2}\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(dir),
		auto.Program(func(ctx *pulumi.Context) error { return d.program(ctx, edit) }),
		auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + filepath.Join(dir, "state"), "PULUMI_HOME": filepath.Join(dir, "home"),
			"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DEBUG_PROVIDERS": fmt.Sprintf("aws:%d", aws.Port),
		}))
	require.NoError(t, err)
	stack, err := auto.UpsertStack(t.Context(), "stack", workspace)
	require.NoError(t, err)
	changes := func() map[string]int {
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		counts := *up.Summary.ResourceChanges
		delete(counts, string(apitype.OpSame))
		return counts
	}
	changes()
	assert.Equal(t, served(30080), d.get(awssim.Internet, "https://api.example.com/v1/shop"))
	assert.Empty(t, changes(), "a second update")
	edit = func(a *LoadBalancerArgs) { a.Routes[0].NodePort = 30100 }
	assert.NotEmpty(t, changes())
	assert.Equal(t, served(30100), d.get(awssim.Internet, "https://api.example.com/v1/shop"))
	_, err = stack.Destroy(t.Context())
	require.NoError(t, err)
	assert.Empty(t, d.cloud.Left())
}
