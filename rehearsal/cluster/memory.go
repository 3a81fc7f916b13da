package cluster

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MemorySampler measures how much memory this process and everything it started, directly or not, use together.
type MemorySampler struct {
	stop, done chan struct{}

	mu   sync.Mutex
	peak int64
}

// SampleMemory starts measuring every interval; End stops it. It works on Linux only: elsewhere the peak stays 0.
func SampleMemory(interval time.Duration) *MemorySampler {
	s := &MemorySampler{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			s.sample()
			select {
			case <-ticker.C:
			case <-s.stop:
				return
			}
		}
	}()
	return s
}

// Peak is the largest sum seen so far, in bytes of resident memory. Pages that processes share count more than once.
func (s *MemorySampler) Peak() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// End stops measuring and returns the peak.
func (s *MemorySampler) End() int64 {
	close(s.stop)
	<-s.done
	return s.Peak()
}

func (s *MemorySampler) sample() {
	total := residentOfTree(os.Getpid())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = max(s.peak, total)
}

// residentOfTree sums the resident memory of a process and its descendants, in bytes.
func residentOfTree(root int) int64 {
	children, resident := map[int][]int{}, map[int]int64{}
	files, _ := filepath.Glob("/proc/[0-9]*/status") // the pattern is constant, so it cannot be bad
	for _, file := range files {
		pid, parent, bytes, err := readStatus(file)
		if err != nil { // it ended while we looked
			continue
		}
		children[parent] = append(children[parent], pid)
		resident[pid] = bytes
	}
	total := int64(0)
	for pending := []int{root}; len(pending) > 0; {
		pid := pending[0]
		pending = append(pending[1:], children[pid]...)
		total += resident[pid]
	}
	return total
}

// readStatus reads a process's identifier, its parent's, and its resident memory.
func readStatus(path string) (pid, parent int, resident int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		number, parseErr := strconv.ParseInt(fields[0], 10, 64)
		switch key {
		case "Pid", "PPid", "VmRSS":
			if parseErr != nil {
				return 0, 0, 0, fmt.Errorf("%s: %w", path, parseErr)
			}
		}
		switch key {
		case "Pid":
			pid = int(number)
		case "PPid":
			parent = int(number)
		case "VmRSS": // in kB, which /proc means as KiB
			resident = number << 10
		}
	}
	return pid, parent, resident, lines.Err()
}
