package boot

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"k8s.io/client-go/rest"
)

// network maps the simulated addresses of servers to their loopback addresses. No other address is ever dialed.
type network struct {
	mu      sync.Mutex
	servers map[string]string // "10.0.0.10:6443" to "127.0.0.1:40123"
}

func newNetwork() *network { return &network{servers: map[string]string{}} }

func (n *network) listen(address, endpoint string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers[address] = endpoint
}

func (n *network) close(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.servers, address)
}

func (n *network) lookup(address string) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	endpoint, ok := n.servers[address]
	return endpoint, ok
}

// dialFrom returns the dialer of a machine. It checks the security groups, then connects on loopback.
func (n *network) dialFrom(m Machine) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		host, portText, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		port, err := strconv.Atoi(portText)
		if err != nil {
			return nil, fmt.Errorf("%s has no port number: %w", address, err)
		}
		if err := m.Reach(host, port); err != nil {
			return nil, fmt.Errorf("%s cannot be reached: %w", address, err)
		}
		endpoint, ok := n.lookup(address)
		if !ok {
			return nil, fmt.Errorf("%s refuses the connection: nothing listens there", address)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
	}
}

// through makes a client configuration use the machine's network, and none of the user's proxies.
func (n *network) through(m Machine, config *rest.Config) *rest.Config {
	config.Dial = n.dialFrom(m)
	config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	return config
}
