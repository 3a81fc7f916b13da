// Command mutate applies each edit of edits.txt to the product code and requires that a test of the edited package, or of stacks,
// fails. All edits of Go code are compiled into one binary per package, which takes the number of an edit from the environment. The
// test that found an edit is kept in edits.txt and asked first the next time; nothing else in the working tree is changed.
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

// list is the file of the edits.
const list = "internal/testing/mutate/edits.txt"

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
	edits, err := readEdits(list, filter)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return fmt.Errorf("make a folder for the binaries: %w", err)
	}
	defer os.RemoveAll(dir)
	r := newRunner(dir, edits)
	if err := r.overlay(); err != nil {
		return err
	}
	var survivors []Edit
	for i, edit := range edits {
		started := time.Now()
		killer, err := r.killer(ctx, edit)
		if err != nil {
			return err
		}
		result := "by " + killer
		if killer == "" {
			survivors, result = append(survivors, edit), "SURVIVED"
		}
		fmt.Printf("%3d of %d %5.1fs %s %s\n", edit.ID, len(edits), time.Since(started).Seconds(), edit, result)
		edits[i].Killer = killer
		if err := writeKillers(list, edits[:i+1]); err != nil {
			return err
		}
	}
	fmt.Printf("%d edits, %d survived\n", len(edits), len(survivors))
	if len(survivors) > maxSurvivors {
		return fmt.Errorf("%d edits survived, at most %d are allowed", len(survivors), maxSurvivors)
	}
	return nil
}
