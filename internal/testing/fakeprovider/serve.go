// Package fakeprovider serves Pulumi resource providers from inside the process of a rehearsal or a test.
//
// The engine attaches to them by PULUMI_DEBUG_PROVIDERS=name:port and opens one connection for each provider resource
// in the program. A real plugin is one process for each of them, with its own configuration; here each connection gets
// its own instance instead, so two Kubernetes providers with different kubeconfigs never share one.
package fakeprovider

import (
	"context"
	"fmt"
	"net"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessage is the largest gRPC message taken, in bytes: 400 MiB, the limit that Pulumi's own plugins set.
const maxMessage = 400 << 20

// Server is a running fake provider.
type Server struct {
	Port int

	listener net.Listener
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// Serve listens on a free loopback port and answers every connection with an instance of its own. It returns at once;
// the server ends with ctx or with Close.
func Serve(ctx context.Context, instance func(context.Context) pulumirpc.ResourceProviderServer) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a fake provider: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{Port: listener.Addr().(*net.TCPAddr).Port, listener: listener, cancel: cancel}
	context.AfterFunc(ctx, func() { listener.Close() })
	s.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { serveOne(ctx, conn, instance) })
		}
	})
	return s, nil
}

// Close ends every connection and waits until their handlers have returned.
func (s *Server) Close() {
	s.cancel()
	s.listener.Close()
	s.running.Wait()
}

func serveOne(ctx context.Context, conn net.Conn, instance func(context.Context) pulumirpc.ResourceProviderServer) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	pulumirpc.RegisterResourceProviderServer(server, instance(ctx))
	context.AfterFunc(ctx, server.Stop)
	one := &oneConnection{done: make(chan struct{}), addr: conn.LocalAddr()}
	one.end = sync.OnceFunc(func() { close(one.done) })
	one.conn = &notifying{Conn: conn, closed: one.end}
	// Serve returns when the connection is gone: its error is only that.
	_ = server.Serve(one)
	server.Stop()
}

// oneConnection is a listener that hands out one connection and ends when that connection, or it, is closed.
type oneConnection struct {
	conn net.Conn
	addr net.Addr
	done chan struct{}
	end  func()
}

func (l *oneConnection) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

// Close ends Accept: a server that stops waits for that before it closes its connections.
func (l *oneConnection) Close() error {
	l.end()
	return nil
}

func (l *oneConnection) Addr() net.Addr { return l.addr }

type notifying struct {
	net.Conn
	closed func()
}

func (c *notifying) Close() error {
	err := c.Conn.Close()
	c.closed()
	return err
}
