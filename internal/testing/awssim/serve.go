package awssim

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Serve offers a cloud to Pulumi's engine on a free port of 127.0.0.1 until the context ends. Give the engine
// PULUMI_DEBUG_PROVIDERS=aws:<port> to use it.
func Serve(ctx context.Context, c *Cloud) (int, error) {
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, NewProvider(c))
			return nil
		},
	})
	if err != nil {
		return 0, fmt.Errorf("serving the simulated AWS: %w", err)
	}
	go func() {
		<-ctx.Done()
		close(stop)
		<-handle.Done
	}()
	return handle.Port, nil
}
