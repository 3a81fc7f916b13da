package k8splugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// fakePlugin records the requests that reach the plugin.
type fakePlugin struct {
	pulumirpc.ResourceProviderClient // nil: a request that is not faked panics

	existing string
	requests []string
	timeout  float64
}

func (p *fakePlugin) Check(_ context.Context, r *pulumirpc.CheckRequest, _ ...grpc.CallOption) (*pulumirpc.CheckResponse, error) {
	p.requests = append(p.requests, "check")
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

func (p *fakePlugin) Create(_ context.Context, r *pulumirpc.CreateRequest, _ ...grpc.CallOption) (*pulumirpc.CreateResponse, error) {
	p.requests, p.timeout = append(p.requests, "create"), r.GetTimeout()
	return &pulumirpc.CreateResponse{Id: "created"}, nil
}

func (p *fakePlugin) Read(_ context.Context, r *pulumirpc.ReadRequest, _ ...grpc.CallOption) (*pulumirpc.ReadResponse, error) {
	p.requests = append(p.requests, "read "+r.GetId())
	if r.GetId() != p.existing {
		return &pulumirpc.ReadResponse{}, nil
	}
	return &pulumirpc.ReadResponse{Id: r.GetId()}, nil
}

func (p *fakePlugin) Delete(context.Context, *pulumirpc.DeleteRequest, ...grpc.CallOption) (*emptypb.Empty, error) {
	p.requests = append(p.requests, "delete")
	return &emptypb.Empty{}, nil
}

// noCharts is a machine without internet and without archives, but for one chart.
type noCharts struct{}

func (noCharts) Missing(_ context.Context, repository, chart, version string) string {
	if chart == "here" {
		return ""
	}
	return repository + " has no " + chart + " " + version
}

func newForwarder(o Options) (*forwarder, *fakePlugin) {
	o.Charts = noCharts{}
	fake := &fakePlugin{}
	return NewPlugin(o).forwarder(func() (pulumirpc.ResourceProviderClient, error) { return fake, nil }), fake
}

const (
	configMap = "urn:pulumi:dev::growbin::kubernetes:core/v1:ConfigMap::settings"
	nodePatch = "urn:pulumi:dev::growbin::kubernetes:core/v1:NodePatch::label"
	release   = "urn:pulumi:dev::growbin::" + releaseType + "::argocd"
)

func properties(t *testing.T, values map[string]any) *structpb.Struct {
	t.Helper()
	encoded, err := fakeprovider.Marshal(resource.NewPropertyMapFromMap(values))
	require.NoError(t, err)
	return encoded
}

func object(t *testing.T, namespace, name string) *structpb.Struct {
	return properties(t, map[string]any{"metadata": map[string]any{"namespace": namespace, "name": name}})
}

func chart(t *testing.T, name string) *structpb.Struct {
	return properties(t, map[string]any{"name": "argocd", "namespace": "tools", "chart": name, "version": "10.1.1",
		"repositoryOpts": map[string]any{"repo": "https://charts.example.com"}})
}

func TestForwarder_ReleaseWithoutChart(t *testing.T) {
	f, fake := newForwarder(Options{})
	checked, err := f.Check(t.Context(), &pulumirpc.CheckRequest{Urn: release, News: chart(t, "argo-cd")})
	require.NoError(t, err)
	assert.Empty(t, checked.GetFailures())
	preview, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: checked.GetInputs(), Preview: true})
	require.NoError(t, err)
	assert.NotContains(t, preview.GetProperties().GetFields(), "status", "unknown in a preview")
	assert.Empty(t, f.plugin.NotInstalled())

	created, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: checked.GetInputs()})
	require.NoError(t, err)
	assert.Equal(t, "tools/argocd", created.GetId())
	assert.Equal(t, []NotInstalled{{"argocd", "argo-cd", "10.1.1", "https://charts.example.com has no argo-cd 10.1.1"}}, f.plugin.NotInstalled())

	same, err := f.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: release, OldInputs: checked.GetInputs(), News: checked.GetInputs()})
	require.NoError(t, err)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, same.GetChanges())
	read, err := f.Read(t.Context(), &pulumirpc.ReadRequest{Urn: release, Id: created.GetId(), Properties: created.GetProperties()})
	require.NoError(t, err)
	assert.Equal(t, created.GetId(), read.GetId())
	_, err = f.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: release, Id: created.GetId(), Properties: created.GetProperties()})
	require.NoError(t, err)
	assert.Empty(t, fake.requests, "the plugin would load the chart")
}

func TestForwarder_StandIn(t *testing.T) {
	f, _ := newForwarder(Options{})
	var called []string
	f.plugin.SetStandIn(func(_ context.Context, release NotInstalled) error {
		assert.Empty(t, f.plugin.NotInstalled(), "the release is not created yet")
		called = append(called, release.Chart)
		return nil
	})
	for _, preview := range []bool{true, false} {
		_, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: chart(t, "argo-cd"), Preview: preview})
		require.NoError(t, err)
	}
	_, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: chart(t, "here")})
	require.NoError(t, err)
	assert.Equal(t, []string{"argo-cd"}, called, "not in a preview, and not for a chart that is here")

	g, _ := newForwarder(Options{})
	g.plugin.SetStandIn(func(context.Context, NotInstalled) error { return errors.New("no port is free") })
	_, err = g.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: chart(t, "argo-cd")})
	assert.EqualError(t, err, "stand in for release argocd: no port is free")
	assert.Empty(t, g.plugin.NotInstalled())
}

func TestForwarder_ReleaseIsNamed(t *testing.T) {
	f, _ := newForwarder(Options{})
	inputs := properties(t, map[string]any{"chart": "argo-cd"})
	checked, err := f.Check(t.Context(), &pulumirpc.CheckRequest{Urn: release, News: inputs})
	require.NoError(t, err)
	name := checked.GetInputs().GetFields()["name"].GetStringValue()
	assert.Regexp(t, "^argocd-.+", name)
	again, err := f.Check(t.Context(), &pulumirpc.CheckRequest{Urn: release, Olds: checked.GetInputs(), News: inputs})
	require.NoError(t, err)
	assert.Equal(t, name, again.GetInputs().GetFields()["name"].GetStringValue())
}

func TestForwarder_ReleaseWithChart(t *testing.T) {
	f, fake := newForwarder(Options{})
	_, err := f.Check(t.Context(), &pulumirpc.CheckRequest{Urn: release, News: chart(t, "here")})
	require.NoError(t, err)
	_, err = f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: release, Properties: chart(t, "here")})
	require.NoError(t, err)
	_, err = f.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: release, Properties: chart(t, "here")})
	require.NoError(t, err)
	assert.Equal(t, []string{"check", "create", "delete"}, fake.requests)
	assert.Empty(t, f.plugin.NotInstalled())
}

func TestForwarder_ObjectExists(t *testing.T) {
	f, fake := newForwarder(Options{})
	fake.existing = "app/theirs"
	_, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: configMap, Properties: object(t, "app", "ours")})
	require.NoError(t, err)
	_, err = f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: configMap, Properties: object(t, "app", "theirs")})
	assert.Equal(t, codes.AlreadyExists, status.Code(err))
	assert.ErrorContains(t, err, "ConfigMap app/theirs already exists")
	_, err = f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: configMap, Properties: object(t, "app", "theirs"), Preview: true})
	require.NoError(t, err)
	_, err = f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: nodePatch, Properties: object(t, "app", "theirs")})
	require.NoError(t, err, "a patch changes what exists")
	assert.Equal(t, []string{"read app/ours", "create", "read app/theirs", "create", "create"}, fake.requests)
}

func TestForwarder_Patience(t *testing.T) {
	for _, test := range []struct{ patience, given, want float64 }{{90, 0, 90}, {90, 600, 90}, {90, 30, 30}, {0, 600, 600}, {0, 0, 0}} {
		f, fake := newForwarder(Options{Patience: time.Duration(test.patience) * time.Second})
		_, err := f.Create(t.Context(), &pulumirpc.CreateRequest{Urn: configMap, Properties: object(t, "app", "ours"), Timeout: test.given})
		require.NoError(t, err)
		assert.InDelta(t, test.want, fake.timeout, 0, "%+v", test)
	}
}

func TestStart_ProgramFails(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "plugin")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho no luck >&2\nexit 3\n"), 0o700))
	log := filepath.Join(dir, "log")
	_, err := start(t.Context(), Options{Program: program, Log: log})
	assert.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, log)
	said, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "no luck\n", string(said))
}
