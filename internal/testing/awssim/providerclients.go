package awssim

import (
	"context"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
)

// client is one connection of an engine: one provider of one program.
type client struct {
	config providerConfig
	engine string // address, empty when the engine gave none
}

// clients are told apart by the address they connect from.
type clients struct {
	mu     sync.Mutex
	byPeer map[string]*client
}

func (cs *clients) of(ctx context.Context) *client {
	address := ""
	if p, ok := peer.FromContext(ctx); ok {
		address = p.Addr.String()
	}
	if cs.byPeer == nil {
		cs.byPeer = map[string]*client{}
	}
	if cs.byPeer[address] == nil {
		cs.byPeer[address] = &client{}
	}
	return cs.byPeer[address]
}

func (cs *clients) attach(ctx context.Context, engine string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.of(ctx).engine = engine
}

func (cs *clients) configure(ctx context.Context, config providerConfig) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.of(ctx).config = config
}

func (cs *clients) config(ctx context.Context) providerConfig {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.of(ctx).config
}

// tell shows messages beside a resource in the engine's display. Failing to is no reason to fail the operation.
func (cs *clients) tell(ctx context.Context, urn string, messages []string) {
	cs.mu.Lock()
	address := cs.of(ctx).engine
	cs.mu.Unlock()
	if address == "" || len(messages) == 0 {
		return
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	engine := pulumirpc.NewEngineClient(conn)
	for _, message := range messages {
		_, _ = engine.Log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO, Urn: urn, Message: "simulated AWS: " + message})
	}
}
