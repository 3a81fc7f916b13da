package awssim

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// CheckConfig validates a provider's own inputs.
func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	_, found := p.cloud.readProviderConfig(fromPropertyMap(news))
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures(found)}, nil
}

// DiffConfig compares a provider's own inputs. None of the modelled ones replaces it.
func (p *provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, key := range sortedKeys(providerProperties) {
		if k := resource.PropertyKey(key); !olds[k].DeepEquals(news[k]) {
			res.Changes = pulumirpc.DiffResponse_DIFF_SOME
			res.Diffs = append(res.Diffs, key)
		}
	}
	return res, nil
}

// Configure remembers a provider's inputs for the connection they came by: the engine opens one connection for each
// provider of a program, and all of them lead to this server.
func (p *provider) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := read(req.GetArgs())
	if err != nil {
		return nil, err
	}
	config, found := p.cloud.readProviderConfig(fromPropertyMap(args))
	if err := refusal("provider aws", found); err != nil {
		return nil, err
	}
	p.clients.configure(ctx, config)
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, SupportsPreview: true}, nil
}

func failures(found []problem) []*pulumirpc.CheckFailure {
	var out []*pulumirpc.CheckFailure
	for _, f := range found {
		out = append(out, &pulumirpc.CheckFailure{Property: f.property, Reason: f.reason})
	}
	return out
}
