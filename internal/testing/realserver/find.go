// Package realserver runs real servers on loopback for tests: it finds the binary, starts it in a directory of its own,
// waits until it is ready, and stops it.
package realserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// debianFolders hold server binaries that Debian's packages do not install on the PATH.
var debianFolders = []string{"/usr/lib/postgresql/15/bin", "/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/bin"}

// Find returns the path of a binary, from Debian's own folders first: the one on the PATH can be a wrapper that requires
// a certain user (rabbitmq-server) or picks a version (psql).
func Find(name string) (string, error) {
	for _, folder := range debianFolders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 && !wrapper(path) {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return path, nil
}

// wrapper reports whether the path is Debian's /usr/sbin/rabbitmq-server, which only root and rabbitmq may run.
func wrapper(path string) bool {
	return filepath.Dir(path) == "/usr/sbin" && filepath.Base(path) == "rabbitmq-server"
}

// Binary returns the path of a binary. If it is not installed, the test is skipped; in CI, where every server must be
// installed, it fails. With -short no test runs against a server.
func Binary(t testing.TB, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("not run: -short leaves out real servers")
	}
	path, err := Find(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("not run: %v, and CI must run everything", err)
	}
	t.Skipf("not run: %v", err)
	return ""
}
