package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/internal/testing/filelock"
)

// claim locks the directory of a stack's rehearsal for this process. The kernel releases it when the process ends.
func claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the rehearsal's directory: %w", err)
	}
	release, err = filelock.Try(filepath.Join(dir, "lock"))
	var held *filelock.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("this stack is being rehearsed by process %s: end that first, or wait for it", held.Owner)
	}
	return release, err
}

// clearState removes the state of an earlier rehearsal: its AWS ended with its process.
func clearState(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, entry := range entries {
		if entry.Name() == "lock" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("remove the state of an earlier rehearsal: %w", err)
		}
	}
	return nil
}
