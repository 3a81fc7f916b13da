package awssim

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Check validates inputs and fills in names and defaults. Unknown values pass.
func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	rt, name, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	in, found := rt.admit(name, fromPropertyMap(news), fromPropertyMap(olds), req.GetRandomSeed())
	inputs, err := write(overlay(in, news))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures(found)}, nil
}

// overlay keeps a program's own values, with their secrets, and adds what was filled in.
func overlay(filled values, own resource.PropertyMap) resource.PropertyMap {
	out := toPropertyMap(filled)
	for key, value := range own {
		if _, stays := out[key]; stays && value.ContainsSecrets() {
			out[key] = value
		}
	}
	return out
}

// Create makes a resource; a preview only tells what it would have.
func (p *provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	rt, name, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	in, defaultTags := fromPropertyMap(inputs), p.clients.config(ctx).defaultTags
	if req.GetPreview() {
		out, err := write(rt.secretive(toPropertyMap(rt.previewed(in, defaultTags)), inputs))
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	o, err := p.cloud.create(rt, name, in, defaultTags)
	if err != nil {
		return nil, err
	}
	out, err := write(rt.secretive(toPropertyMap(p.cloud.outputs(o)), inputs))
	return &pulumirpc.CreateResponse{Id: o.id, Properties: out}, err
}

// Read refreshes or imports a resource. One that is gone has no identifier.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	rt, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	known, err := read(req.GetInputs())
	if err != nil {
		return nil, err
	}
	o := p.cloud.find(rt, req.GetId())
	if o == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	outputs := p.cloud.outputs(o)
	properties, err := write(rt.secretive(toPropertyMap(outputs), known))
	if err != nil {
		return nil, err
	}
	inputs, err := write(rt.secretive(toPropertyMap(rt.inputsFrom(outputs, fromPropertyMap(known))), known))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: o.id, Properties: properties, Inputs: inputs}, nil
}

// inputsFrom are a program's inputs as the cloud has them now: what it gave, brought up to date, or, for an import,
// all that is not empty.
func (rt *resourceType) inputsFrom(outputs, known values) values {
	out := values{}
	for name, p := range rt.inputs {
		value, exists := outputs[name]
		given, wasGiven := known[name]
		switch {
		case wasGiven && (!exists || len(p.diff(name, value, given)) == 0):
			out[name] = given
		case wasGiven || len(known) == 0 && !zero(value):
			out[name] = value
		}
	}
	return out
}

// Update brings a resource to new inputs. When it fails, nothing has changed.
func (p *provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	rt, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	news, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	in, defaultTags := fromPropertyMap(news), p.clients.config(ctx).defaultTags
	if req.GetPreview() {
		olds, err := read(req.GetOlds())
		if err != nil {
			return nil, err
		}
		expected := fromPropertyMap(olds)
		maps.Copy(expected, in)
		if rt.tagged {
			expected["tagsAll"] = previewTags(defaultTags, in)
		}
		out, err := write(rt.secretive(toPropertyMap(expected), news))
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	o, notes, err := p.cloud.change(rt, req.GetId(), in, defaultTags, req.GetIgnoreChanges())
	if err != nil {
		return nil, err
	}
	p.clients.tell(ctx, req.GetUrn(), notes)
	out, err := write(rt.secretive(toPropertyMap(p.cloud.outputs(o)), news))
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Delete removes a resource.
func (p *provider) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	rt, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	if err := p.cloud.remove(rt, req.GetId()); err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	return &emptypb.Empty{}, nil
}
