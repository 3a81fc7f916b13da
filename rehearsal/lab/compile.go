package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// helloSource waits for a signal. It is the pause image, and the lab's pod, which first prints its argument.
const helloSource = `package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println("hello from", os.Args[1])
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}
`

// realProxy is where proxySource finds kube-proxy, under its own name.
const realProxy = "/usr/local/libexec/kube-proxy"

// proxySource starts kube-proxy without the size of the connection table, which only a machine's first network namespace
// may set.
const proxySource = `package main

import (
	"log"
	"os"
	"strings"
	"syscall"
)

func main() {
	const copied = "/kube-proxy.conf"
	for i, argument := range os.Args {
		path, ok := strings.CutPrefix(argument, "--config=")
		if !ok {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		changed := strings.NewReplacer("maxPerCore: null", "maxPerCore: 0", "min: null", "min: 0").Replace(string(text))
		if err := os.WriteFile(copied, []byte(changed), 0o600); err != nil {
			log.Fatal(err)
		}
		os.Args[i] = "--config=" + copied
	}
	log.Fatal(syscall.Exec("` + realProxy + `", os.Args, os.Environ()))
}
`

// compile compiles a program of the standard library only and returns its path.
func (l *Lab) compile(ctx context.Context, name, text string) (string, error) {
	directory, target := l.path("source", name), l.path("bin", name)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", fmt.Errorf("compiling %s: %w", name, err)
	}
	source := filepath.Join(directory, "main.go")
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		return "", fmt.Errorf("compiling %s: %w", name, err)
	}
	command := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", target, source)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("compiling %s: %w: %s", name, err, output.String())
	}
	return target, nil
}
