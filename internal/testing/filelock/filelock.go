// Package filelock locks files between processes. The kernel releases a lock when its holder dies, so a killed process
// blocks no other.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// pollInterval is the pause between two attempts to take a held lock.
const pollInterval = 250 * time.Millisecond

// HeldError is returned for a lock that another process holds.
type HeldError struct {
	// Path is the lock file, Owner the process ID of its holder.
	Path, Owner string
}

func (e *HeldError) Error() string { return fmt.Sprintf("%s is locked by process %s", e.Path, e.Owner) }

// Try takes the lock or returns a *HeldError. Release it by calling release, or by ending the process.
func Try(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := take(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil // closing releases the lock
}

// take locks the file and writes this process's ID into it, for the error of the next one.
func take(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, _ := os.ReadFile(file.Name())
		return &HeldError{Path: file.Name(), Owner: strings.TrimSpace(string(owner))}
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	return nil
}

// Wait takes the lock as soon as it is free. It calls waiting before each pause.
func Wait(ctx context.Context, path string, waiting func()) (release func(), err error) {
	for {
		release, err := Try(path)
		var held *HeldError
		if err == nil || !errors.As(err, &held) && !errors.Is(err, syscall.EINTR) {
			return release, err
		}
		waiting()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}
