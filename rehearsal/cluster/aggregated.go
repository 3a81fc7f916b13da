package cluster

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// ServeAggregated answers the API server's requests to the address of a Service, host:port, as the pods of an aggregated API would.
// All other connections to pods and nodes are refused. It returns a function that ends it.
func (c *Cluster) ServeAggregated(address string, handler http.Handler) (stop func(), err error) {
	socket := c.layout.noNetwork()
	_ = os.Remove(socket) // of a server that was killed
	outside, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen as simulated pods: %w", err)
	}
	inside := &tunneled{connections: make(chan net.Conn), closed: make(chan struct{})}
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = inside
	server.StartTLS()
	go func() {
		for {
			connection, err := outside.Accept()
			if err != nil {
				return
			}
			go accept(connection, address, inside)
		}
	}()
	return func() {
		_ = outside.Close()
		_ = inside.Close()
		server.CloseClientConnections()
	}, nil
}

// accept answers a request to CONNECT.
func accept(connection net.Conn, address string, inside *tunneled) {
	request, err := http.ReadRequest(bufio.NewReader(connection))
	if err != nil || request.Method != http.MethodConnect || request.Host != address {
		_, _ = fmt.Fprint(connection, "HTTP/1.1 502 pods are simulated\r\n\r\n")
		_ = connection.Close()
		return
	}
	if _, err := fmt.Fprint(connection, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		_ = connection.Close()
		return
	}
	select {
	case inside.connections <- connection:
	case <-inside.closed:
		_ = connection.Close()
	}
}

// tunneled is a listener whose connections are handed over.
type tunneled struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (l *tunneled) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *tunneled) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *tunneled) Addr() net.Addr { return &net.UnixAddr{Name: "simulated pods", Net: "unix"} }
