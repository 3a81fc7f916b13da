package namespace

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	namespaceKind = "kubernetes:core/v1:Namespace"
	secretKind    = "kubernetes:core/v1:Secret"
	password      = `p"a\ss:한글`
)

func validArgs() NamespaceArgs {
	return NamespaceArgs{Registry: &Registry{Host: "ghcr.io", Username: "robot", Password: pulumi.String(password)}}
}

func deploy(args NamespaceArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewNamespace(ctx, "apps", &args)
		return err
	})
}

func TestNewNamespace_PodSecurity(t *testing.T) {
	for given, want := range map[PodSecurity][2]string{
		"": {"restricted", "restricted"}, Restricted: {"restricted", "restricted"}, Baseline: {"baseline", "restricted"},
		Privileged: {"privileged", "privileged"},
	} {
		r, err := deploy(NamespaceArgs{PodSecurity: given})
		require.NoError(t, err)
		r.RequireDescend(t, typeToken)
		require.Len(t, r.All(), 2, "the component and the namespace, no Secret without a registry")
		assert.Equal(t, map[string]any{
			"name": "apps", "labels": map[string]any{
				"pod-security.kubernetes.io/enforce": want[0], "pod-security.kubernetes.io/enforce-version": "v1.36",
				"pod-security.kubernetes.io/warn": want[1], "pod-security.kubernetes.io/warn-version": "v1.36",
				"pod-security.kubernetes.io/audit": want[1], "pod-security.kubernetes.io/audit-version": "v1.36",
			},
		}, r.One(t, namespaceKind, "apps").Value("metadata"))
	}
}

func TestNewNamespace_PullSecret(t *testing.T) {
	r, err := deploy(validArgs())
	require.NoError(t, err)
	r.RequireDescend(t, typeToken)
	require.Len(t, r.OfType(secretKind), 2)
	fixed := r.One(t, secretKind, "apps-registry-of-others")
	assert.Equal(t, map[string]any{"name": PullSecretName("apps"), "namespace": "apps"}, fixed.Value("metadata"))
	secret := r.One(t, secretKind, "apps-registry")
	assert.Equal(t, map[string]any{"namespace": "apps"}, secret.Value("metadata"), "no name: a changed password makes a new Secret")
	assert.Equal(t, true, secret.Value("immutable"))
	assert.Equal(t, "kubernetes.io/dockerconfigjson", secret.Value("type"))

	var config struct {
		Auths map[string]struct{ Username, Password, Auth string } `json:"auths"`
	}
	require.NoError(t, json.Unmarshal([]byte(secret.Value(`stringData.\.dockerconfigjson`).(string)), &config))
	require.Len(t, config.Auths, 1)
	login := config.Auths["ghcr.io"]
	assert.Equal(t, "robot", login.Username)
	assert.Equal(t, password, login.Password)
	decoded, err := base64.StdEncoding.DecodeString(login.Auth)
	require.NoError(t, err)
	assert.Equal(t, "robot:"+password, string(decoded))
}

// The password is given as plain text here and hidden all the same.
func TestNewNamespace_PasswordSecret(t *testing.T) {
	args := validArgs()
	args.Registry.Password = pulumi.String("open-sesame")
	r, err := deploy(args)
	require.NoError(t, err)
	r.RequireHidden(t, "open-sesame", base64.StdEncoding.EncodeToString([]byte("robot:open-sesame")))
	r.RequireUsed(t, "open-sesame")
}

// Outputs resolve only once the objects exist.
func TestNewNamespace_Outputs(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	name, pull := "", ""
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		args := validArgs()
		n, err := NewNamespace(ctx, "apps", &args)
		if err != nil {
			return err
		}
		n.Name.ApplyT(func(v string) string { name = v; return v })
		n.PullSecret.ToStringOutput().ApplyT(func(v string) string { pull = v; return v })
		public, err := NewNamespace(ctx, "public", &NamespaceArgs{})
		if err == nil {
			assert.Nil(t, public.PullSecret)
		}
		return err
	}, pulumi.WithMocks("project", "stack", recorded)))
	assert.Equal(t, "apps", name)
	secret, ok := recorded.Named(secretKind, "apps-registry")
	require.True(t, ok)
	assert.Equal(t, secret.Outputs["metadata"].ObjectValue()["name"].StringValue(), pull)
	assert.Regexp(t, "^apps-registry-.+", pull)
}

func TestNewNamespace_InvalidArgs(t *testing.T) {
	for want, change := range map[string]func(*NamespaceArgs){
		`PodSecurity: "strict" must be one of [restricted baseline privileged]`: func(a *NamespaceArgs) { a.PodSecurity = "strict" },
		`Registry.Host: "" must be a host`:                                      func(a *NamespaceArgs) { a.Registry.Host = "" },
		`Registry.Host: "https://ghcr.io"`:                                      func(a *NamespaceArgs) { a.Registry.Host = "https://ghcr.io" },
		"Registry.Username: not set":                                            func(a *NamespaceArgs) { a.Registry.Username = "" },
		"Registry.Password: not set":                                            func(a *NamespaceArgs) { a.Registry.Password = nil },
	} {
		t.Run(want, func(t *testing.T) {
			args := validArgs()
			change(&args)
			r, err := deploy(args)
			require.ErrorContains(t, err, "namespace apps: "+want)
			assert.Empty(t, r.All(), "nothing is registered")
		})
	}
}

func TestNewNamespace_AllProblemsTogether(t *testing.T) {
	_, err := deploy(NamespaceArgs{PodSecurity: "strict", Registry: &Registry{}})
	for _, want := range []string{"PodSecurity:", "Registry.Host:", "Registry.Username:", "Registry.Password:"} {
		assert.ErrorContains(t, err, want)
	}
}
