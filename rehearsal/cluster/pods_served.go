package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

// ServePods forwards the API server's connections to nodes, pods and Services: to an address of this host, by the address that the
// API server asks for, both as host:port. A connection without an answer is refused. It returns a function that ends it.
func (c *Cluster) ServePods(forward func(address string) string) (stop func(), err error) {
	socket := c.layout.noNetwork()
	_ = os.Remove(socket) // of a server that was killed
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen as simulated pods: %w", err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(connection, forward)
		}
	}()
	return func() { _ = listener.Close() }, nil
}

// relay answers a request to CONNECT, and copies both directions until one ends.
func relay(connection net.Conn, forward func(string) string) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	request, err := http.ReadRequest(reader)
	local := ""
	if err == nil && request.Method == http.MethodConnect {
		local = forward(request.Host)
	}
	if local == "" {
		_, _ = fmt.Fprint(connection, "HTTP/1.1 502 pods are simulated\r\n\r\n")
		return
	}
	pod, err := net.Dial("tcp", local)
	if err != nil {
		_, _ = fmt.Fprint(connection, "HTTP/1.1 502 the pod does not answer\r\n\r\n")
		return
	}
	defer pod.Close()
	if _, err := fmt.Fprint(connection, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	var directions sync.WaitGroup
	directions.Go(func() {
		_, _ = io.Copy(pod, reader)
		_ = pod.Close()
	})
	directions.Go(func() {
		_, _ = io.Copy(connection, pod)
		_ = connection.Close()
	})
	directions.Wait()
}
