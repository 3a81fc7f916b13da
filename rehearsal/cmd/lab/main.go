// Command lab boots all nodes of stack dev from their real user data, deploys the program to them and uses the applications.
// It needs root on Debian 12, and leaves only logs behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/growbin/cluster/internal/testing/filelock"
	"github.com/growbin/cluster/rehearsal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	passed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

func run(ctx context.Context) (passed bool, err error) {
	keep := flag.Bool("keep", false, "keep everything running at the end, until Ctrl-C")
	flag.Parse()
	if os.Geteuid() != 0 {
		return false, fmt.Errorf("the lab must run as root: it creates network namespaces and boots containers")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return false, fmt.Errorf("finding the repository: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return false, fmt.Errorf("finding the user's cache directory: %w", err)
	}
	state := filepath.Join(root, ".rehearsal", "lab")
	if err := os.MkdirAll(filepath.Dir(state), 0o755); err != nil {
		return false, fmt.Errorf("creating the state directory: %w", err)
	}
	release, err := filelock.Try(filepath.Join(root, ".rehearsal", "boot-lab.lock")) // it would use the same network
	if err != nil {
		return false, err
	}
	defer release()
	if err := lab.Clean(state); err != nil {
		return false, fmt.Errorf("cleaning up an earlier run: %w", err)
	}
	l, err := lab.New(lab.Options{Whole: true, Root: root, State: state, Cache: filepath.Join(cache, "growbin-rehearsal", "boot-lab"), Out: os.Stdout})
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := l.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("cleaning up: %w", closeErr)
		}
	}()
	passed = l.RunWhole(ctx)
	if *keep && ctx.Err() == nil {
		fmt.Println("Everything keeps running until Ctrl-C.")
		<-ctx.Done()
	}
	return passed, nil
}
