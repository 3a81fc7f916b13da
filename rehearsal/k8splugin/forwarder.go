package k8splugin

import (
	"context"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// forwarder serves one connection of the engine: one provider resource, one kubeconfig, one process. A request that it
// lacks is Unimplemented, as from a plugin that is older than the engine. Handshake is one of them: the engine allows 10 s
// for it, in which a busy machine may not have started the process. Attach follows without such a limit.
type forwarder struct {
	pulumirpc.UnimplementedResourceProviderServer

	plugin  *Plugin
	connect func() (pulumirpc.ResourceProviderClient, error)
}

type client = pulumirpc.ResourceProviderClient

// forward passes one request on.
func forward[Request, Response any](
	ctx context.Context, f *forwarder, request *Request,
	call func(client, context.Context, *Request, ...grpc.CallOption) (*Response, error),
) (*Response, error) {
	to, err := f.connect()
	if err != nil {
		return nil, err
	}
	return call(to, ctx, request)
}

func (f *forwarder) Attach(ctx context.Context, r *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return forward(ctx, f, r, client.Attach)
}

func (f *forwarder) Parameterize(ctx context.Context, r *pulumirpc.ParameterizeRequest) (*pulumirpc.ParameterizeResponse, error) {
	return forward(ctx, f, r, client.Parameterize)
}

func (f *forwarder) GetSchema(ctx context.Context, r *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return forward(ctx, f, r, client.GetSchema)
}

func (f *forwarder) GetMapping(ctx context.Context, r *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return forward(ctx, f, r, client.GetMapping)
}

func (f *forwarder) GetMappings(ctx context.Context, r *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return forward(ctx, f, r, client.GetMappings)
}

func (f *forwarder) CheckConfig(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return forward(ctx, f, r, client.CheckConfig)
}

func (f *forwarder) DiffConfig(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return forward(ctx, f, r, client.DiffConfig)
}

func (f *forwarder) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return forward(ctx, f, r, client.Configure)
}

func (f *forwarder) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return forward(ctx, f, r, client.Invoke)
}

func (f *forwarder) Call(ctx context.Context, r *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return forward(ctx, f, r, client.Call)
}

func (f *forwarder) Construct(ctx context.Context, r *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return forward(ctx, f, r, client.Construct)
}

func (f *forwarder) GetPluginInfo(ctx context.Context, r *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return forward(ctx, f, r, client.GetPluginInfo)
}

func (f *forwarder) Cancel(ctx context.Context, r *emptypb.Empty) (*emptypb.Empty, error) {
	return forward(ctx, f, r, client.Cancel)
}

// The requests about resources: a release that is left out is answered here, and waits are bounded.

func (f *forwarder) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if reason, err := f.missing(ctx, r.GetUrn(), r.GetNews()); err != nil || reason != "" {
		return checkRelease(r, err)
	}
	return forward(ctx, f, r, client.Check)
}

func (f *forwarder) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if reason, err := f.missing(ctx, r.GetUrn(), r.GetNews()); err != nil || reason != "" {
		return diffRelease(r, err)
	}
	return forward(ctx, f, r, client.Diff)
}

func (f *forwarder) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if reason, err := f.missing(ctx, r.GetUrn(), r.GetProperties()); err != nil || reason != "" {
		return f.createRelease(ctx, r, reason, err)
	}
	if err := f.refuseExisting(ctx, r); err != nil {
		return nil, err
	}
	r.Timeout = f.plugin.bounded(r.GetTimeout())
	return forward(ctx, f, r, client.Create)
}

func (f *forwarder) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if reason, err := f.missing(ctx, r.GetUrn(), r.GetNews()); err != nil || reason != "" {
		return f.updateRelease(r, reason, err)
	}
	r.Timeout = f.plugin.bounded(r.GetTimeout())
	return forward(ctx, f, r, client.Update)
}

func (f *forwarder) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if leftOut(r.GetUrn(), r.GetProperties()) {
		return &pulumirpc.ReadResponse{Id: r.GetId(), Properties: r.GetProperties(), Inputs: r.GetInputs()}, nil
	}
	return forward(ctx, f, r, client.Read)
}

func (f *forwarder) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if leftOut(r.GetUrn(), r.GetProperties()) {
		return &emptypb.Empty{}, nil // nothing was installed
	}
	r.Timeout = f.plugin.bounded(r.GetTimeout())
	return forward(ctx, f, r, client.Delete)
}
