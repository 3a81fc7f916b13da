package fakeprovider

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// counting answers with the number of its connection, and waits when it is asked to create.
type counting struct {
	*Base
	number int32
}

func (c *counting) Read(context.Context, *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{Id: fmt.Sprint(c.number)}, nil
}

func (c *counting) Create(ctx context.Context, _ *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := c.Bound(ctx)
	defer done()
	<-ctx.Done()
	return nil, status.Error(codes.Canceled, "ended")
}

func serve(t *testing.T) (*Server, func() pulumirpc.ResourceProviderClient) {
	t.Helper()
	var connections atomic.Int32
	server, err := Serve(t.Context(), func(ctx context.Context) pulumirpc.ResourceProviderServer {
		return &counting{Base: NewBase(ctx, "counting", "1.2.3"), number: connections.Add(1)}
	})
	require.NoError(t, err)
	return server, func() pulumirpc.ResourceProviderClient {
		conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port), grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		return pulumirpc.NewResourceProviderClient(conn)
	}
}

func TestServe_InstancePerConnection(t *testing.T) {
	server, dial := serve(t)
	defer server.Close()
	one, two := dial(), dial()
	for range 2 {
		first, err := one.Read(t.Context(), &pulumirpc.ReadRequest{})
		require.NoError(t, err)
		second, err := two.Read(t.Context(), &pulumirpc.ReadRequest{})
		require.NoError(t, err)
		assert.Equal(t, []string{"1", "2"}, []string{first.GetId(), second.GetId()})
	}
	info, err := one.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "1.2.3+fake", info.GetVersion())
	_, err = one.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "counting:index:count"})
	assert.ErrorContains(t, err, "has no function counting:index:count")
}

func TestServe_CancelAndClose(t *testing.T) {
	server, dial := serve(t)
	ended := make(chan error, 2)
	canceled, closed := dial(), dial()
	for _, client := range []pulumirpc.ResourceProviderClient{canceled, closed} {
		_, err := client.Read(t.Context(), &pulumirpc.ReadRequest{})
		require.NoError(t, err)
		go func() {
			_, err := client.Create(context.Background(), &pulumirpc.CreateRequest{})
			ended <- err
		}()
	}
	_, err := canceled.Cancel(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	wait := func() {
		select {
		case err := <-ended:
			assert.Error(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("a request outlived its provider")
		}
	}
	wait()
	assert.Empty(t, ended, "cancelling one connection must leave the other alone")
	server.Close()
	wait()
}
