package provider

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Check validates inputs and fills in names and defaults. Unknown values pass.
func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	token, name, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	old, err := fakeprovider.Unmarshal(req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	checked, found, err := p.client.Load().Check(token, name, inputs, old, req.GetRandomSeed())
	if err != nil {
		return nil, err
	}
	out, err := fakeprovider.Marshal(checked)
	return &pulumirpc.CheckResponse{Inputs: out, Failures: failures(found)}, err
}

// Create makes a resource, or, in a preview, returns the expected outputs.
func (p *provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	token, name, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(req.GetProperties())
	if err != nil {
		return nil, err
	}
	var id string
	var outputs resource.PropertyMap
	if req.GetPreview() {
		outputs, err = p.client.Load().PreviewCreate(token, inputs)
	} else {
		id, outputs, err = p.client.Load().Create(token, name, inputs)
	}
	if err != nil {
		return nil, err
	}
	out, err := fakeprovider.Marshal(outputs)
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

// Read refreshes or imports a resource. The response for one that does not exist has no identifier.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	token, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	known, err := fakeprovider.Unmarshal(req.GetInputs())
	if err != nil {
		return nil, err
	}
	outputs, inputs, err := p.client.Load().Read(token, req.GetId(), known)
	if err != nil || outputs == nil {
		return &pulumirpc.ReadResponse{}, err
	}
	properties, err := fakeprovider.Marshal(outputs)
	if err != nil {
		return nil, err
	}
	ins, err := fakeprovider.Marshal(inputs)
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: properties, Inputs: ins}, err
}

// Update changes a resource to new inputs, or, in a preview, returns the expected outputs.
func (p *provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	token, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	state, err := fakeprovider.Unmarshal(req.GetOlds())
	if err != nil {
		return nil, err
	}
	var outputs resource.PropertyMap
	var notes []string
	if req.GetPreview() {
		outputs, err = p.client.Load().PreviewUpdate(token, state, inputs)
	} else {
		outputs, notes, err = p.client.Load().Update(token, req.GetId(), state, inputs, req.GetIgnoreChanges())
	}
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		p.Log(req.GetUrn(), pulumirpc.LogSeverity_INFO, "simulated AWS: %s", note)
	}
	out, err := fakeprovider.Marshal(outputs)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Delete removes a resource.
func (p *provider) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	token, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, p.client.Load().Delete(token, req.GetId())
}
