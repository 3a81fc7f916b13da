// Package provider serves the simulated AWS to Pulumi's engine as the provider plugin "aws", over gRPC.
package provider

import (
	"context"
	"sync/atomic"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Version is the release of pulumi-aws whose properties are modeled.
const Version = "6.83.2"

// provider is one instance of the plugin. The engine opens a connection, and with it an instance, for each aws provider
// of a program.
type provider struct {
	*fakeprovider.Base
	cloud  *awssim.Cloud
	client atomic.Pointer[awssim.Client]
}

// Serve offers a cloud to Pulumi's engine on a free port of 127.0.0.1 until the context ends. The engine uses it if
// PULUMI_DEBUG_PROVIDERS holds aws:<port>.
func Serve(ctx context.Context, cloud *awssim.Cloud) (*fakeprovider.Server, error) {
	return fakeprovider.Serve(ctx, func(ctx context.Context) pulumirpc.ResourceProviderServer {
		p := &provider{Base: fakeprovider.NewBase(ctx, "aws", Version), cloud: cloud}
		p.AcceptResources = true
		client, _ := cloud.NewClient(nil) // without settings there is nothing to refuse
		p.client.Store(client)
		return p
	})
}

// subject is the type and logical name of the resource that a request is about.
func subject(urn string) (token, name string, err error) {
	u, err := resource.ParseURN(urn)
	if err != nil {
		return "", "", err
	}
	return string(u.Type()), u.Name(), nil
}

// Invoke returns the result of a lookup.
func (p *provider) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	args, err := fakeprovider.Unmarshal(req.GetArgs())
	if err != nil {
		return nil, err
	}
	result, err := p.client.Load().Invoke(req.GetTok(), args)
	if err != nil {
		return nil, err
	}
	out, err := fakeprovider.Marshal(result)
	return &pulumirpc.InvokeResponse{Return: out}, err
}
