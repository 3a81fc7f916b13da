package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/randomprovider"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/tools"
)

var cli = sync.OnceValues(func() (string, error) {
	builder, err := tools.New("../tools", os.Stderr)
	if err != nil {
		return "", err
	}
	built, err := builder.Build(context.Background(), tools.Pulumi())
	return built[tools.Pulumi().Name], err
})

// open prepares a project of its own; the repository's files are not touched.
func open(t *testing.T, program pulumi.RunFunc) (*engine.Engine, *bytes.Buffer) {
	t.Helper()
	t.Parallel()
	pulumiCLI, err := cli()
	require.NoError(t, err)
	server, err := randomprovider.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	project := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml":     "name: sample\nruntime: go\nmain: infra\nconfig:\n  length: {type: integer, default: 8}\n  token: {type: string, secret: true}\n",
		"Pulumi.dev.yaml": "config: {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o600))
	}
	var out bytes.Buffer
	e, err := engine.Open(t.Context(), engine.Options{
		Project: project, Stack: "dev", Pulumi: pulumiCLI, State: t.TempDir(), Program: program,
		Providers: map[string]int{"random": server.Port}, Secrets: map[string]string{"sample:token": "hunter2"},
		Out: &out, Color: "never",
	})
	require.NoError(t, err)
	stack, err := os.ReadFile(filepath.Join(project, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "config: {}\n", string(stack), "the repository's stack file must stay as it is")
	return e, &out
}

func password(ctx *pulumi.Context) error {
	cfg := config.New(ctx, "")
	made, err := random.NewRandomPassword(ctx, "made", &random.RandomPasswordArgs{Length: pulumi.Int(cfg.RequireInt("length"))})
	if err != nil {
		return err
	}
	ctx.Export("password", made.Result)
	ctx.Export("token", cfg.RequireSecret("token"))
	return nil
}

func TestLifecycle(t *testing.T) {
	ctx := context.Background()
	e, out := open(t, password)
	preview, err := e.Preview(ctx, "preview", engine.RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, 2, preview.Created, "the stack and its password")

	up, err := e.Up(ctx, "up", engine.RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, 2, up.Created)
	assert.Contains(t, out.String(), "random:index:RandomPassword made created")
	var first, token string
	require.NoError(t, e.Output(ctx, "password", &first))
	require.NoError(t, e.Output(ctx, "token", &token))
	assert.Len(t, first, 8, "the default of the project's schema")
	assert.Equal(t, "hunter2", token)
	assert.NotContains(t, out.String(), first)

	again, err := e.Up(ctx, "again", engine.RunOptions{})
	require.NoError(t, err)
	assert.Zero(t, again.Changed(), "%v", again.Changes)

	require.NoError(t, e.SetConfig(ctx, "sample:length", "9"))
	longer, err := e.Up(ctx, "longer", engine.RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, 1, longer.Replaced)
	assert.Contains(t, longer.Changes[0].String(), "random:index/randomPassword:RandomPassword made")
	left, err := e.Left(ctx)
	require.NoError(t, err)
	assert.Contains(t, left, "random:index/randomPassword:RandomPassword made")

	destroyed, err := e.Destroy(ctx, "destroy")
	require.NoError(t, err)
	assert.Equal(t, 2, destroyed.Deleted)
	left, err = e.Left(ctx)
	require.NoError(t, err)
	assert.Empty(t, left)
	log, err := os.ReadFile(e.Log("destroy"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "made deleted")
}

func TestUp_FailedResource(t *testing.T) {
	e, _ := open(t, func(ctx *pulumi.Context) error {
		_, err := random.NewRandomPassword(ctx, "short", &random.RandomPasswordArgs{Length: pulumi.Int(2), MinLower: pulumi.Int(5)})
		return err
	})
	_, err := e.Up(context.Background(), "up", engine.RunOptions{})
	require.Error(t, err)
	for _, part := range []string{"random:index/randomPassword:RandomPassword short", "must be at least 5", e.Log("up")} {
		assert.ErrorContains(t, err, part)
	}
}

func TestPreview_FailedProgram(t *testing.T) {
	e, _ := open(t, func(*pulumi.Context) error { return errors.New("adminCidrs is empty; give one") })
	_, err := e.Preview(context.Background(), "preview", engine.RunOptions{})
	assert.ErrorContains(t, err, "adminCidrs is empty; give one")
}

func TestUp_ContextEnds(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 6*time.Second, errors.New("the control plane failed"))
	defer cancel()
	e, _ := open(t, func(c *pulumi.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	started := time.Now()
	_, err := e.Up(ctx, "up", engine.RunOptions{})
	assert.ErrorContains(t, err, "up was stopped: the control plane failed")
	assert.Less(t, time.Since(started), 30*time.Second)
}

func TestOpen_UnknownStack(t *testing.T) {
	project := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(project, "Pulumi.yaml"), []byte("name: sample\nruntime: go\n"), 0o600))
	_, err := engine.Open(t.Context(), engine.Options{Project: project, Stack: "nowhere", State: t.TempDir()})
	assert.ErrorContains(t, err, `there is no stack "nowhere"`)
}
