// Command bootlab boots the control plane and one worker of the program from their real user data, and breaks them.
// It needs root on Debian 12, and leaves nothing behind but the logs.
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

	"github.com/growbin/cluster/rehearsal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	held, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bootlab:", err)
	}
	if err != nil || !held {
		os.Exit(1)
	}
}

func run(ctx context.Context) (held bool, err error) {
	worker := flag.String("worker", "k8s-redis", "node that joins the control plane")
	only := flag.String("only", "", "run only the checks whose name matches this regular expression, after those that make the cluster")
	keep := flag.Bool("keep", false, "leave everything running at the end, until Ctrl-C")
	flag.Parse()
	if os.Geteuid() != 0 {
		return false, fmt.Errorf("the boot lab needs root: it makes network namespaces and boots hosts")
	}
	var chosen *regexp.Regexp
	if *only != "" {
		if chosen, err = regexp.Compile(*only); err != nil {
			return false, fmt.Errorf("-only is %q: %w", *only, err)
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
	unlock, err := lock(state)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := lab.Clean(state); err != nil {
		return false, fmt.Errorf("clearing what an earlier run left: %w", err)
	}
	l, err := lab.New(lab.Options{Root: root, State: state, Cache: filepath.Join(cache, "growbin-rehearsal", "boot-lab"), Worker: *worker, Only: chosen, Out: os.Stdout})
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := l.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("clearing up: %w", closeErr)
		}
	}()
	held = l.Run(ctx)
	if *keep && ctx.Err() == nil {
		fmt.Println("Everything stays up until Ctrl-C.")
		<-ctx.Done()
	}
	return held, nil
}

// lock keeps a second lab away: both would use the same network.
func lock(state string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(state), 0o755); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	file, err := os.OpenFile(state+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the lab: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another boot lab is running")
	}
	return func() { file.Close() }, nil
}
