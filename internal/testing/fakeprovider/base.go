package fakeprovider

import (
	"context"
	"fmt"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Base is the part that every fake provider shares: handshake, plugin info, messages to the engine, cancellation. An
// embedding provider overrides the methods that it implements.
type Base struct {
	pulumirpc.UnimplementedResourceProviderServer

	// Name is the package of the provider, Version the version of the real plugin that it follows.
	Name, Version string
	// AcceptResources makes the engine send references to resources as such, not as identifiers.
	AcceptResources bool

	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	engine pulumirpc.EngineClient
}

// NewBase returns a base whose Context ends with the connection.
func NewBase(ctx context.Context, name, version string) *Base {
	ctx, cancel := context.WithCancel(ctx)
	return &Base{Name: name, Version: version, ctx: ctx, cancel: cancel}
}

// Context ends when the engine cancels its providers or the connection is closed.
func (b *Base) Context() context.Context { return b.ctx }

// Bound returns a context that ends with the request and with the provider, whichever is first.
func (b *Base) Bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// Handshake connects back to the engine, which runs on this machine: its address is on loopback.
func (b *Base) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	if address := req.GetEngineAddress(); address != "" {
		if err := b.connect(address); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: b.AcceptResources, SupportsAutonamingConfiguration: true,
	}, nil
}

// Attach is called by an engine without Handshake.
func (b *Base) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, b.connect(req.GetAddress())
}

func (b *Base) connect(address string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.engine != nil {
		return nil
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("attach the fake %s provider to the engine at %s: %w", b.Name, address, err)
	}
	context.AfterFunc(b.ctx, func() { conn.Close() })
	b.engine = pulumirpc.NewEngineClient(conn)
	return nil
}

// GetPluginInfo returns the version of the real plugin, marked as a fake.
func (b *Base) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: b.Version + "+fake"}, nil
}

// Cancel ends every wait of this instance.
func (b *Base) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	b.cancel()
	return &emptypb.Empty{}, nil
}

// CheckConfig accepts the provider's settings as they are.
func (b *Base) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig never replaces a provider.
func (b *Base) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure returns the provider's capabilities.
func (b *Base) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, AcceptResources: b.AcceptResources, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// GetSchema is empty: SDKs for Go carry their own types.
func (b *Base) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{
		Schema: fmt.Sprintf(`{"name":%q,"version":%q,"description":"fake provider"}`, b.Name, b.Version),
	}, nil
}

// Invoke refuses: a function that is not modeled must not return an empty result.
func (b *Base) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, status.Errorf(codes.Unimplemented,
		"the fake %s provider has no function %s: install the real plugin to rehearse it", b.Name, req.GetTok())
}

// Log shows a message for a resource in the engine's display.
func (b *Base) Log(urn string, severity pulumirpc.LogSeverity, format string, args ...any) {
	b.send(urn, severity, false, fmt.Sprintf(format, args...))
}

// Status shows the state of a wait for a resource; the next status replaces it in the display.
func (b *Base) Status(urn string, format string, args ...any) {
	b.send(urn, pulumirpc.LogSeverity_INFO, true, fmt.Sprintf(format, args...))
}

func (b *Base) send(urn string, severity pulumirpc.LogSeverity, ephemeral bool, message string) {
	b.mu.Lock()
	engine := b.engine
	b.mu.Unlock()
	if engine == nil {
		return
	}
	// A message that cannot be shown is no reason to fail a deployment.
	_, _ = engine.Log(b.ctx, &pulumirpc.LogRequest{Urn: urn, Severity: severity, Message: message, Ephemeral: ephemeral})
}
