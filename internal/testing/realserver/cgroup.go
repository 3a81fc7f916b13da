package realserver

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cgroup limits the memory of processes, as kubelet limits that of a container.
type Cgroup struct{ folder, limit, peak, kills string }

// NewCgroup makes a cgroup with a limit in bytes. The test is skipped where this process may not make one.
func NewCgroup(t testing.TB, name string, limit int64) *Cgroup {
	t.Helper()
	c := &Cgroup{folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes", kills: "memory.oom_control"}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		c = &Cgroup{folder: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak", kills: "memory.events"}
	}
	c.folder = filepath.Join(c.folder, "realserver-"+strconv.Itoa(os.Getpid())+"-"+name)
	err := os.Mkdir(c.folder, 0o755)
	if err == nil {
		t.Cleanup(c.remove)
		err = os.WriteFile(filepath.Join(c.folder, c.limit), []byte(strconv.FormatInt(limit, 10)), 0o600)
	}
	if err != nil {
		t.Skipf("not run: no cgroup for memory can be made: %v", err)
	}
	return c
}

// Peak is the most memory that the processes had, in bytes, with their files in the page cache.
func (c *Cgroup) Peak(t testing.TB) int64 {
	t.Helper()
	peak, err := strconv.ParseInt(strings.TrimSpace(c.read(t, c.peak)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

// Kills is the number of processes that the kernel killed at the limit.
func (c *Cgroup) Kills(t testing.TB) int {
	t.Helper()
	for line := range strings.Lines(c.read(t, c.kills)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "oom_kill" {
			kills, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return kills
		}
	}
	t.Fatalf("%s has no oom_kill", c.kills)
	return 0
}

func (c *Cgroup) read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// remove waits for the end of the processes.
func (c *Cgroup) remove() {
	for range 100 {
		if os.Remove(c.folder) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
