// Command bootlab boots the control plane and one worker of the program from their real user data, and injects failures.
// It needs root on Debian 12, and leaves only logs behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/growbin/cluster/internal/testing/filelock"
	"github.com/growbin/cluster/rehearsal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	passed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bootlab:", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

func run(ctx context.Context) (passed bool, err error) {
	worker := flag.String("worker", "k8s-redis", "name of the node that joins the control plane")
	only := flag.String("only", "", "run only checks whose name matches this regular expression, after those that make the cluster")
	keep := flag.Bool("keep", false, "keep everything running at the end, until Ctrl-C")
	flag.Parse()
	if os.Geteuid() != 0 {
		return false, fmt.Errorf("the boot lab must run as root: it creates network namespaces and boots containers")
	}
	var selected *regexp.Regexp
	if *only != "" {
		if selected, err = regexp.Compile(*only); err != nil {
			return false, fmt.Errorf("-only: %q must be a regular expression: %w", *only, err)
		}
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return false, fmt.Errorf("finding the repository: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return false, fmt.Errorf("finding the user's cache directory: %w", err)
	}
	state := filepath.Join(root, ".rehearsal", "boot-lab")
	if err := os.MkdirAll(filepath.Dir(state), 0o755); err != nil {
		return false, fmt.Errorf("creating the state directory: %w", err)
	}
	release, err := filelock.Try(state + ".lock") // two labs would use the same network
	if err != nil {
		return false, err
	}
	defer release()
	if err := lab.Clean(state); err != nil {
		return false, fmt.Errorf("cleaning up an earlier run: %w", err)
	}
	l, err := lab.New(lab.Options{Root: root, State: state, Cache: filepath.Join(cache, "growbin-rehearsal", "boot-lab"), Worker: *worker, Only: selected, Out: os.Stdout})
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := l.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("cleaning up: %w", closeErr)
		}
	}()
	passed = l.Run(ctx)
	if *keep && ctx.Err() == nil {
		fmt.Println("Everything keeps running until Ctrl-C.")
		<-ctx.Done()
	}
	return passed, nil
}
