package argocd

import (
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// bcryptOf stands in for the hash that the random provider keeps.
const bcryptOf = "$2a$10$hash-of-"

// registered is one resource as the engine would have got it.
type registered struct {
	kind, name, parent string
	secretOutputs      []string
	dependsOn          []string
	inputs             resource.PropertyMap
}

// recorder is a fake engine that records registrations.
type recorder struct {
	lock      sync.Mutex
	resources []registered
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	res := registered{kind: args.TypeToken, name: args.Name, inputs: args.Inputs}
	if rpc := args.RegisterRPC; rpc != nil {
		res.parent, res.secretOutputs, res.dependsOn = rpc.GetParent(), rpc.GetAdditionalSecretOutputs(), rpc.GetDependencies()
	}
	r.resources = append(r.resources, res)
	out := args.Inputs.Copy()
	if args.TypeToken == "random:index/randomPassword:RandomPassword" {
		out["result"] = resource.NewStringProperty("generated")
		out["bcryptHash"] = resource.NewStringProperty(bcryptOf + "generated")
	}
	return args.Name + "-id", out, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return args.Args, nil
}

// deploy runs NewArgoCD and returns its registrations.
func deploy(t *testing.T, args *ArgoCDArgs) *recorder {
	t.Helper()
	r := &recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewArgoCD(ctx, "gitops", args)
		return err
	}, pulumi.WithMocks("project", "stack", r)))
	return r
}

// the returns the one resource of a kind.
func (r *recorder) the(t *testing.T, kind string) registered {
	t.Helper()
	var found []registered
	for _, res := range r.resources {
		if res.kind == kind {
			found = append(found, res)
		}
	}
	require.Len(t, found, 1, kind)
	return found[0]
}

// show turns a property into plain values; secrets are shown only when asked for.
func show(v resource.PropertyValue, secrets bool) any {
	switch {
	case v.IsSecret():
		if !secrets {
			return "secret"
		}
		return show(v.SecretValue().Element, secrets)
	case v.IsArray():
		out := []any{}
		for _, e := range v.ArrayValue() {
			out = append(out, show(e, secrets))
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for k, e := range v.ObjectValue() {
			out[string(k)] = show(e, secrets)
		}
		return out
	default:
		return v.V
	}
}
