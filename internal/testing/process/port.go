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
	free, err := FreePorts(1)
	if err != nil {
		return 0, err
	}
	return free[0], nil
}

// FreePorts returns n different ports like that of FreePort. They are held open together, so that none comes twice.
func FreePorts(n int) ([]int, error) {
	free := make([]int, 0, n)
	for range n + attempts {
		if len(free) == n {
			return free, nil
		}
		port := firstPort + rand.IntN(ports)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer listener.Close()
		free = append(free, port)
	}
	return nil, fmt.Errorf("no %d free ports between %d and %d in %d attempts", n, firstPort, firstPort+ports, n+attempts)
}
