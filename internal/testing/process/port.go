package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports for servers lie below the range that the kernel gives to outgoing connections: one of those could take a port
// between the moment it is found free and the moment the server listens on it.
const (
	firstPort = 20000
	ports     = 10000
	attempts  = 100
)

// FreePort returns a port of 127.0.0.1 that no process listens on. It is not reserved: two processes that choose at the
// same time get the same one by chance, once in 10,000.
func FreePort() (int, error) {
	for range attempts {
		port := firstPort + rand.IntN(ports)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d in %d attempts", firstPort, firstPort+ports, attempts)
}
