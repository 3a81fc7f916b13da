package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Ports for servers lie below the range that the kernel gives to outgoing connections: one of those could take a port
// between the moment it is found free and the moment the server listens on it.
const (
	firstPort = 20000
	ports     = 10000
	attempts  = 100
)

// reserved holds the lock files of the ports that this process was given. They stay open until it ends.
var (
	reserved   []*os.File
	reservedMu sync.Mutex
)

// reserve takes a port for this process: no other test process is given it, between now and the moment its server listens.
func reserve(port int) (bool, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("test-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("reserve a port: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, fmt.Errorf("reserve a port: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return false, file.Close()
	}
	reservedMu.Lock()
	defer reservedMu.Unlock()
	reserved = append(reserved, file)
	return true, nil
}

// FreePort returns a port of 127.0.0.1 that no process listens on. It is reserved for this process.
func FreePort() (int, error) {
	free, err := FreePorts(1)
	if err != nil {
		return 0, err
	}
	return free[0], nil
}

// FreePorts returns n different ports like that of FreePort.
func FreePorts(n int) ([]int, error) {
	free := make([]int, 0, n)
	for range n + attempts {
		if len(free) == n {
			return free, nil
		}
		port := firstPort + rand.IntN(ports)
		if ours, err := reserve(port); err != nil {
			return nil, err
		} else if !ours {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue // of a program that is no test
		}
		if err := listener.Close(); err != nil {
			return nil, fmt.Errorf("free port %d: %w", port, err)
		}
		free = append(free, port)
	}
	return nil, fmt.Errorf("no %d free ports between %d and %d in %d attempts", n, firstPort, firstPort+ports, n+attempts)
}
