package realserver

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/growbin/cluster/internal/testing/process"
)

// FreePort returns a port of 127.0.0.1 that no process listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Listening returns nil if a process accepts connections at a port of 127.0.0.1.
func Listening(port int) error {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}
