// Package randomprovider is a fake of pulumi-random 4.19 for rehearsals and unit tests: passwords, strings, bytes and
// identifiers, kept in the state as the real plugin keeps them. Any other type is refused.
package randomprovider

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Version is the release of pulumi-random that this follows.
const Version = "4.19.0"

// secure draws from the operating system's randomness.
var secure = Generator{Random: rand.Reader, Hash: func(password string) (string, error) {
	// bcrypt takes 72 bytes and refuses more; so does the real provider's hash, which is made of the first 72.
	hash, err := bcrypt.GenerateFromPassword([]byte(password[:min(len(password), 72)]), bcrypt.MinCost)
	return string(hash), err
}}

type provider struct{ *fakeprovider.Base }

// New returns one instance.
func New(ctx context.Context) pulumirpc.ResourceProviderServer {
	return &provider{Base: fakeprovider.NewBase(ctx, "random", Version)}
}

// Serve starts the provider on a free loopback port.
func Serve(ctx context.Context) (*fakeprovider.Server, error) { return fakeprovider.Serve(ctx, New) }

// Check refuses a type or a property that is not modeled.
func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	token := string(resource.URN(req.GetUrn()).Type())
	k, err := kindOf(token)
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	var failures []*pulumirpc.CheckFailure
	for _, key := range inputs.StableKeys() {
		if !slices.Contains(k.inputs, key) {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: string(key), Reason: fmt.Sprintf("not a property of %s in pulumi-random %s", token, Version),
			})
		}
	}
	if !inputs.ContainsUnknowns() {
		if _, _, err := secure.Generate(token, inputs); err != nil {
			failures = append(failures, &pulumirpc.CheckFailure{Reason: err.Error()})
		}
	}
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures}, nil
}

// Diff replaces on every change: nothing of a random value can change in place.
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

// Create generates the value. A preview returns only the inputs, so that the outputs stay unknown.
func (p *provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	u := resource.URN(req.GetUrn())
	if _, err := kindOf(string(u.Type())); err != nil || req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, err
	}
	inputs, err := unmarshal(req.GetProperties())
	if err != nil {
		return nil, err
	}
	id, outputs, err := secure.Generate(string(u.Type()), inputs)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", u.Name(), err)
	}
	properties, err := fakeprovider.Marshal(outputs)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Read returns the state: nothing outside of it exists.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
}

// Update is never called: every change replaces.
func (p *provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return nil, fmt.Errorf("%s cannot be changed in place", resource.URN(req.GetUrn()).Name())
}

// Delete is a no-op: only the state holds the value.
func (p *provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	m, err := fakeprovider.Unmarshal(properties)
	delete(m, "__defaults")
	return m, err
}
