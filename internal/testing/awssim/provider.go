package awssim

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// providerVersion is the pulumi-aws release whose properties are modelled.
const providerVersion = "6.83.2"

// provider is the engine's door: the provider plugin "aws".
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	cloud   *Cloud
	clients clients
}

// NewProvider opens the engine's door to a cloud.
func NewProvider(c *Cloud) pulumirpc.ResourceProviderServer { return &provider{cloud: c} }

// read turns what the engine sends into properties; write is the way back.
func read(s *structpb.Struct) (resource.PropertyMap, error) {
	properties, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, SkipNulls: true,
	})
	if err != nil {
		return nil, fmt.Errorf("reading what the engine sent: %w", err)
	}
	return properties, nil
}

func write(properties resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true})
	if err != nil {
		return nil, fmt.Errorf("writing the answer to the engine: %w", err)
	}
	return s, nil
}

// subject is the type and logical name that a request is about.
func subject(urn string) (*resourceType, string, error) {
	u, err := resource.ParseURN(urn)
	if err != nil {
		return nil, "", fmt.Errorf("reading the URN: %w", err)
	}
	rt, err := typeOf(string(u.Type()))
	return rt, u.Name(), err
}

// Handshake tells the engine what this provider understands.
func (p *provider) Handshake(ctx context.Context, req *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	p.clients.attach(ctx, req.GetEngineAddress())
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, nil
}

// Attach tells the provider where the engine listens for messages.
func (p *provider) Attach(ctx context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	p.clients.attach(ctx, req.GetAddress())
	return &emptypb.Empty{}, nil
}

// GetPluginInfo gives the release that is simulated.
func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: providerVersion}, nil
}

// GetSchema gives a schema without types: programs in Go do not need one.
func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"aws","version":"` + providerVersion + `","description":"simulated AWS"}`}, nil
}

// Cancel has nothing to interrupt: no operation takes time.
func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Invoke answers a lookup.
func (p *provider) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	args, err := read(req.GetArgs())
	if err != nil {
		return nil, err
	}
	result, err := p.cloud.invoke(req.GetTok(), args)
	if err != nil {
		return nil, err
	}
	out, err := write(result)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: out}, nil
}
