package rehearsal

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// sampleEvery is how often the memory of all processes is added up.
const sampleEvery = time.Second

// WatchMemory samples the resident memory of this process and all that descend from it until ctx ends, and keeps the
// largest sum in bytes. Where /proc is missing it stays 0.
func WatchMemory(ctx context.Context) *atomic.Int64 {
	peak := &atomic.Int64{}
	go func() {
		for ctx.Err() == nil {
			if sum := residentMemory(os.Getpid()); sum > peak.Load() {
				peak.Store(sum)
			}
			select {
			case <-ctx.Done():
			case <-time.After(sampleEvery):
			}
		}
	}()
	return peak
}

func residentMemory(root int) int64 {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	children, resident := map[int][]int{}, map[int]int64{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, pages, ok := processStat(pid); ok {
			children[parent] = append(children[parent], pid)
			resident[pid] = pages * int64(os.Getpagesize())
		}
	}
	sum, todo := int64(0), []int{root}
	for len(todo) > 0 {
		pid := todo[0]
		todo = append(todo[1:], children[pid]...)
		sum += resident[pid]
	}
	return sum
}

// Fields of /proc/PID/stat after the command's name, which is in brackets (man 5 proc).
const (
	statParent   = 1
	statResident = 21
)

func processStat(pid int) (parent int, pages int64, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= statResident {
		return 0, 0, false
	}
	parent, err1 := strconv.Atoi(string(fields[statParent]))
	pages, err2 := strconv.ParseInt(string(fields[statResident]), 10, 64)
	return parent, pages, err1 == nil && err2 == nil
}
