package stacks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newPullSecret is nil when no registry credentials are configured.
func newPullSecret(ctx *pulumi.Context, s *Settings, namespace pulumi.StringInput, opts ...pulumi.ResourceOption) (pulumi.StringInput, error) {
	if s.RegistryUsername == "" {
		return nil, nil
	}
	registry, _, _ := strings.Cut(s.ImageRegistry, "/")
	docker := s.RegistryPassword.ApplyT(func(password string) (string, error) {
		return dockerConfig(registry, s.RegistryUsername, password)
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(ctx, "registry", &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: namespace.ToStringOutput().ToStringPtrOutput()},
		Type:       pulumi.String("kubernetes.io/dockerconfigjson"),
		StringData: pulumi.StringMap{".dockerconfigjson": docker},
		Immutable:  pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("pull secret for %s: %w", registry, err)
	}
	return secret.Metadata.Name().Elem(), nil
}

// dockerConfig is what kubelet logs in to a registry with.
func dockerConfig(registry, username, password string) (string, error) {
	type login struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Auth     string `json:"auth"`
	}
	out, err := json.Marshal(map[string]map[string]login{"auths": {registry: {
		Username: username, Password: password,
		Auth: base64.StdEncoding.EncodeToString([]byte(username + ":" + password)),
	}}})
	return string(out), err
}
