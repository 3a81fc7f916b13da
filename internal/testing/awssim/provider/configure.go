package provider

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// CheckConfig validates a provider's own inputs.
func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := fakeprovider.Unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	_, found := p.cloud.NewClient(inputs)
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures(found)}, nil
}

// DiffConfig compares a provider's own inputs. None of the modeled ones replaces it.
func (p *provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := fakeprovider.Unmarshal(req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, Diffs: awssim.DiffConfig(old, inputs)}
	if len(res.Diffs) > 0 {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	return res, nil
}

// Configure sets the provider's inputs for this connection.
func (p *provider) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	inputs, err := fakeprovider.Unmarshal(req.GetArgs())
	if err != nil {
		return nil, err
	}
	client, found := p.cloud.NewClient(inputs)
	if err := found.Err("provider aws"); err != nil {
		return nil, err
	}
	p.client.Store(client)
	return p.Base.Configure(ctx, req)
}

func failures(found awssim.Problems) []*pulumirpc.CheckFailure {
	var out []*pulumirpc.CheckFailure
	for _, f := range found {
		out = append(out, &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason})
	}
	return out
}
