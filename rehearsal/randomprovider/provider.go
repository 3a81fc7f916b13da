// Package randomprovider stands in for pulumi-random 4.19 in a rehearsal: passwords, strings, bytes and identifiers from
// the machine's own source of randomness, kept in the state as the real plugin keeps them. Any other type is refused.
package randomprovider

import (
	"context"
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/growbin/cluster/rehearsal/fakeprovider"
)

// Version is the release of pulumi-random that this follows.
const Version = "4.19.0"

type provider struct{ *fakeprovider.Base }

// New returns one instance.
func New(ctx context.Context) pulumirpc.ResourceProviderServer {
	return &provider{Base: fakeprovider.NewBase(ctx, "random", Version)}
}

// Serve starts the stand-in on a loopback port.
func Serve(ctx context.Context) (*fakeprovider.Server, error) { return fakeprovider.Serve(ctx, New) }

// kind is one resource type: what it accepts and what it makes of it.
type kind struct {
	inputs   []resource.PropertyKey
	generate func(resource.PropertyMap) (id string, outputs resource.PropertyMap, err error)
}

var kinds = map[string]kind{
	"random:index/randomPassword:RandomPassword": {stringInputs, password},
	"random:index/randomString:RandomString":     {stringInputs, plainString},
	"random:index/randomBytes:RandomBytes":       {[]resource.PropertyKey{"keepers", "length"}, bytesOf},
	"random:index/randomId:RandomId":             {[]resource.PropertyKey{"keepers", "byteLength", "prefix"}, identifier},
}

func kindOf(urn string) (kind, error) {
	token := string(resource.URN(urn).Type())
	k, ok := kinds[token]
	if !ok {
		known := make([]string, 0, len(kinds))
		for name := range kinds {
			known = append(known, name)
		}
		sort.Strings(known)
		return kind{}, fmt.Errorf("%s is not in this stand-in for pulumi-random %s, which has %v", token, Version, known)
	}
	return k, nil
}

// Check refuses a type or a property that is not modelled.
func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	var failures []*pulumirpc.CheckFailure
	for _, key := range inputs.StableKeys() {
		if !contains(k.inputs, key) {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: string(key),
				Reason:   fmt.Sprintf("not a property of %s in pulumi-random %s", resource.URN(req.GetUrn()).Type(), Version),
			})
		}
	}
	if !inputs.ContainsUnknowns() {
		if _, _, err := k.generate(inputs); err != nil {
			failures = append(failures, &pulumirpc.CheckFailure{Reason: err.Error()})
		}
	}
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures}, nil
}

// Diff replaces on every change: a random value has nothing that could be changed in place.
func (p *provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := unmarshal(req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	diff := olds.Diff(news)
	if diff == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	var changed []string
	for _, key := range diff.ChangedKeys() {
		changed = append(changed, string(key))
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: changed, Replaces: changed}, nil
}

// Create draws the value. A preview answers with the inputs only, so that the outputs stay unknown.
func (p *provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	inputs, err := unmarshal(req.GetProperties())
	if err != nil {
		return nil, err
	}
	id, outputs, err := k.generate(inputs)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", resource.URN(req.GetUrn()).Name(), err)
	}
	state := inputs.Copy()
	for key, value := range outputs {
		state[key] = value
	}
	properties, err := plugin.MarshalProperties(state, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", resource.URN(req.GetUrn()).Name(), err)
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

// Read returns what the state has: nothing outside of it exists.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
}

// Update never comes: every change replaces.
func (p *provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return nil, fmt.Errorf("%s cannot be changed in place", resource.URN(req.GetUrn()).Name())
}

// Delete has nothing to remove but the state.
func (p *provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	m, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, SkipNulls: true,
	})
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	delete(m, "__defaults")
	return m, nil
}

func contains(keys []resource.PropertyKey, key resource.PropertyKey) bool {
	for _, k := range keys {
		if k == key {
			return true
		}
	}
	return false
}
