// Command mutate applies each edit of edits.txt to the product code and requires that a test of the edited package, or of stacks,
// fails. All edits of Go code are compiled into one binary per package, which takes the number of an edit from the environment; the
// working tree is not changed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"
)

// maxSurvivors is the number of edits that no test may find.
const maxSurvivors = 2

func main() {
	only := flag.String("only", "", "apply the edits of files that match this `expression`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	filter, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	edits, err := readEdits("internal/testing/mutate/edits.txt", filter)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir)
	r := &runner{dir: dir, edits: edits, binaries: map[string]string{}}
	if err := r.overlay(); err != nil {
		return err
	}
	var survivors []Edit
	for _, edit := range edits {
		started := time.Now()
		killer, err := r.killer(ctx, edit)
		if err != nil {
			return err
		}
		fmt.Printf("%3d %-9s %4.1fs %s\n", edit.ID, map[bool]string{true: "killed", false: "SURVIVED"}[killer != ""], time.Since(started).Seconds(), edit)
		if killer == "" {
			survivors = append(survivors, edit)
		}
	}
	fmt.Printf("%d edits, %d survived\n", len(edits), len(survivors))
	if len(survivors) > maxSurvivors {
		return fmt.Errorf("%d edits survived, at most %d are allowed", len(survivors), maxSurvivors)
	}
	return nil
}
