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

// cgroups are a host's own control groups, one in each hierarchy, below those of this process: whatever limits this
// process limits the host too.
type cgroups []string

// makeCgroups makes them. A cpuset begins without processors, and nothing could run in it.
func makeCgroups(name string) (cgroups, error) {
	parents, err := ownGroups()
	if err != nil {
		return nil, err
	}
	var made cgroups
	for _, parent := range parents {
		group := filepath.Join(parent, name)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return nil, fmt.Errorf("making a control group: %w", err)
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

// RemoveGroups removes the control groups that hosts whose names begin with the prefix have left empty.
func RemoveGroups(prefix string) error {
	parents, err := ownGroups()
	if err != nil {
		return err
	}
	var left cgroups
	for _, parent := range parents {
		found, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
		if err != nil {
			return fmt.Errorf("looking for control groups: %w", err)
		}
		left = append(left, found...)
	}
	return left.remove()
}

// ownGroups are this process's control groups. Hierarchies of version 1 stand beside each other, with version 2 under
// "unified".
func ownGroups() ([]string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("finding this process's control groups: %w", err)
	}
	var groups []string
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		top := filepath.Join(cgroupRoot, hierarchy(parts[1]))
		if parts[1] == "" && !exists(top) {
			top = cgroupRoot // there is no other version beside it
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

// inheritCPUs gives a new cpuset its parent's processors.
func inheritCPUs(group string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		if exists(filepath.Join(group, file+".effective")) {
			return nil // version 2 inherits by itself
		}
		value, err := os.ReadFile(filepath.Join(filepath.Dir(group), file))
		if err != nil {
			return fmt.Errorf("reading the parent's processors: %w", err)
		}
		if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
			return fmt.Errorf("giving processors to a control group: %w", err)
		}
	}
	return nil
}

// remove removes the groups and all below them, once their processes have gone.
func (c cgroups) remove() error {
	var problems []error
	for _, group := range c {
		if err := removeGroup(group); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func removeGroup(top string) error {
	var groups []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return nil // what has gone meanwhile needs no removal
	})
	if err != nil {
		return fmt.Errorf("removing control groups: %w", err)
	}
	slices.Reverse(groups)
	for _, group := range groups {
		for attempt := 0; ; attempt++ {
			err := os.Remove(group)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if attempt == 50 {
				return fmt.Errorf("removing control group %s: %w", group, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}
