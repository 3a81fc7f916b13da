package awsapi

import (
	"sync"
	"time"
)

// Faults are what goes wrong, until it has gone wrong as often as asked for. The zero value is a good day.
type Faults struct {
	mu        sync.Mutex
	imdsDelay time.Duration
	imdsSlow  int
	throttled int
	mirror    int
	withheld  map[string]string
	seen      map[string]int
}

// SlowMetadata lets the next calls of the metadata service take so long.
func (f *Faults) SlowMetadata(delay time.Duration, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.imdsDelay, f.imdsSlow = delay, times
}

// Throttle refuses the next calls of Systems Manager with ThrottlingException.
func (f *Faults) Throttle(times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.throttled = times
}

// BreakMirror answers the next requests for package lists with an error of the server.
func (f *Faults) BreakMirror(times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mirror = times
}

// Seen tells how often each fault has happened, by its name: metadata, throttle, mirror.
func (f *Faults) Seen(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[name]
}

// take uses up one occurrence of a fault.
func (f *Faults) take(name string, left *int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *left == 0 {
		return false
	}
	*left--
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	f.seen[name]++
	return true
}

func (f *Faults) slowness() time.Duration {
	if f.take("metadata", &f.imdsSlow) {
		return f.imdsDelay
	}
	return 0
}

// MirrorDown says whether this request to the package mirror fails.
func (f *Faults) MirrorDown() bool { return f.take("mirror", &f.mirror) }

// Withhold lets whoever reads a parameter find the given value instead of its own.
func (f *Faults) Withhold(parameter, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.withheld == nil {
		f.withheld = map[string]string{}
	}
	f.withheld[parameter] = value
}

// Release ends Withhold.
func (f *Faults) Release(parameter string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.withheld, parameter)
}

func (f *Faults) instead(parameter, value string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, ok := f.withheld[parameter]; ok {
		return other
	}
	return value
}
