package monitoring

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// recorder answers for the engine and keeps what was registered.
type recorder struct {
	lock      sync.Mutex
	resources []registered
}

// registered is one resource as the engine would have got it.
type registered struct {
	kind, name, parent string
	inputs             resource.PropertyMap
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	parent := ""
	if args.RegisterRPC != nil {
		parent = args.RegisterRPC.GetParent()
	}
	r.resources = append(r.resources, registered{kind: args.TypeToken, name: args.Name, parent: parent, inputs: args.Inputs})
	out := args.Inputs.Copy()
	if args.TypeToken == "random:index/randomPassword:RandomPassword" {
		out["result"] = resource.MakeSecret(resource.NewStringProperty("generated-" + args.Name))
	}
	// What the API server would say of an object without a name of its own.
	if meta, ok := out["metadata"]; ok && meta.IsObject() && !meta.ObjectValue().HasValue("name") {
		named := meta.ObjectValue().Copy()
		named["name"] = resource.NewStringProperty(args.Name + "-1a2b3c")
		out["metadata"] = resource.NewObjectProperty(named)
	}
	return args.Name + "-id", out, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return args.Args, nil
}

// deploy runs NewMonitoring and returns what it registered, with its own outputs.
func deploy(t *testing.T, args *MonitoringArgs) *recorder {
	t.Helper()
	r := &recorder{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		m, err := NewMonitoring(ctx, "watch", args)
		if err != nil {
			return err
		}
		ctx.Export("password", m.GrafanaPassword)
		return nil
	}, pulumi.WithMocks("project", "stack", r))
	require.NoError(t, err)
	return r
}

// all returns what is of a kind.
func (r *recorder) all(kind string) []registered {
	var out []registered
	for _, res := range r.resources {
		if res.kind == kind {
			out = append(out, res)
		}
	}
	return out
}

// object decodes the resource of a kind and name into a Kubernetes type, secrets and all.
func (r *recorder) object(t *testing.T, kind, name string, into any) {
	t.Helper()
	for _, res := range r.all(kind) {
		if res.name != name {
			continue
		}
		text, err := json.Marshal(plain(resource.NewObjectProperty(res.inputs)))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
		return
	}
	t.Fatalf("no %s named %s was registered", kind, name)
}

// plain turns a property into what encoding/json understands.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		out := []any{}
		for _, e := range v.ArrayValue() {
			out = append(out, plain(e))
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for k, e := range v.ObjectValue() {
			out[string(k)] = plain(e)
		}
		return out
	default:
		return v.V
	}
}
