package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// cgroups are a host's own cgroups, one in each hierarchy, below those of this process: its limits apply to the host too.
type cgroups []string

// makeCgroups creates them.
func makeCgroups(name string) (cgroups, error) {
	parents, err := processCgroups()
	if err != nil {
		return nil, err
	}
	var made cgroups
	for _, parent := range parents {
		group := filepath.Join(parent, name)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return nil, fmt.Errorf("creating a cgroup: %w", err)
		}
		made = append(made, group)
		if exists(filepath.Join(group, "cpuset.mems")) {
			if err := inheritCPUs(group); err != nil {
				return nil, err
			}
		}
	}
	return made, nil
}

// RemoveCgroups removes the empty cgroups of hosts whose names begin with the prefix.
func RemoveCgroups(prefix string) error {
	parents, err := processCgroups()
	if err != nil {
		return err
	}
	var left cgroups
	for _, parent := range parents {
		found, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
		if err != nil {
			return fmt.Errorf("listing cgroups: %w", err)
		}
		left = append(left, found...)
	}
	return left.remove()
}

// processCgroups returns the directories of this process's cgroups. With cgroup v1, each controller has its own hierarchy,
// and that of v2 is named unified.
func processCgroups() ([]string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("finding this process's cgroups: %w", err)
	}
	var groups []string
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		top := filepath.Join(cgroupRoot, hierarchy(parts[1]))
		if parts[1] == "" && !exists(top) {
			top = cgroupRoot // v2 only
		}
		if exists(top) {
			groups = append(groups, filepath.Join(top, parts[2]))
		}
	}
	return groups, nil
}

func hierarchy(controllers string) string {
	if controllers == "" {
		return "unified"
	}
	return strings.TrimPrefix(controllers, "name=")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// inheritCPUs copies the parent's CPUs. With cgroup v1 a new cpuset has none, and no process could run in it.
func inheritCPUs(group string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		if exists(filepath.Join(group, file+".effective")) {
			return nil // v2 inherits
		}
		value, err := os.ReadFile(filepath.Join(filepath.Dir(group), file))
		if err != nil {
			return fmt.Errorf("reading the parent's CPUs: %w", err)
		}
		if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
			return fmt.Errorf("setting the CPUs of a cgroup: %w", err)
		}
	}
	return nil
}

// remove removes the cgroups and those below them, once their processes have ended.
func (c cgroups) remove() error {
	var problems []error
	for _, group := range c {
		if err := removeCgroup(group); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func removeCgroup(top string) error {
	var groups []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return nil // the kernel may have removed it meanwhile
	})
	if err != nil {
		return fmt.Errorf("removing cgroups: %w", err)
	}
	slices.Reverse(groups)
	for _, group := range groups {
		for attempt := 0; ; attempt++ {
			err := os.Remove(group)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if attempt == 50 {
				return fmt.Errorf("removing cgroup %s: %w", group, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}
