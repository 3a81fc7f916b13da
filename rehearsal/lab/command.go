package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/growbin/cluster/internal/testing/filelock"
	"github.com/growbin/cluster/rehearsal/lab/debian"
)

// Main is the main function of a command: an interrupt ends run, and the exit code is 1 unless all checks have passed.
func Main(name string, run func(context.Context) (passed bool, err error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	passed, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

// Start makes a lab with its state below .rehearsal/NAME of the repository above the working directory, has do run its checks, and
// removes everything but logs. With keep it first waits for the end of the context.
func Start(ctx context.Context, name string, options Options, keep bool, do func(*Lab, context.Context) bool) (passed bool, err error) {
	if os.Geteuid() != 0 {
		return false, errors.New("the lab must run as root: it creates network namespaces and boots containers")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return false, fmt.Errorf("finding the repository: %w", err)
	}
	if options.Cache, err = debian.Cache(); err != nil {
		return false, err
	}
	folder := filepath.Join(root, ".rehearsal")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return false, fmt.Errorf("creating the state directory: %w", err)
	}
	release, err := filelock.Try(filepath.Join(folder, "boot-lab.lock")) // two labs would use the same network
	if err != nil {
		return false, err
	}
	defer release()
	options.Root, options.State, options.Out = root, filepath.Join(folder, name), os.Stdout
	if err := Clean(options.State); err != nil {
		return false, fmt.Errorf("cleaning up an earlier run: %w", err)
	}
	l, err := New(options)
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := l.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("cleaning up: %w", closeErr)
		}
	}()
	passed = do(l, ctx)
	if keep && ctx.Err() == nil {
		fmt.Println("Everything keeps running until Ctrl-C.")
		<-ctx.Done()
	}
	return passed, nil
}
