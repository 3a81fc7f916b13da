package rehearsal

import (
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"strconv"
)

// Ports for the API server lie below those that the kernel gives to outgoing connections, which could otherwise take one
// that was free a moment ago.
const (
	firstPort = 20000
	portCount = 10000
)

// freePort finds a free port on loopback.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + mathrand.IntN(portCount)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port for the API server between %d and %d", firstPort, firstPort+portCount)
}
