package awsapi

import (
	"sync"
	"time"
)

// Failure is a kind of failure that can be injected.
type Failure string

const (
	// SlowMetadata delays requests for a session token of the metadata service.
	SlowMetadata Failure = "slow metadata service"
	// Throttling refuses calls of Systems Manager with ThrottlingException.
	Throttling Failure = "throttled Systems Manager"
	// BrokenMirror is for the package mirror, which calls Fail before it serves an index.
	BrokenMirror Failure = "broken package mirror"
)

// failures are those still to be injected, and those injected so far.
type failures struct {
	mu            sync.Mutex
	pending       map[Failure]int
	injected      map[Failure]int
	metadataDelay time.Duration
}

func newFailures() failures {
	return failures{pending: map[Failure]int{}, injected: map[Failure]int{}}
}

// InjectFailure lets the next requests of a kind fail, as many as given.
func (s *Server) InjectFailure(failure Failure, requests int) {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	s.failures.pending[failure] = requests
}

// InjectMetadataDelay is InjectFailure for SlowMetadata with the length of the delay.
func (s *Server) InjectMetadataDelay(delay time.Duration, requests int) {
	s.failures.mu.Lock()
	s.failures.metadataDelay = delay
	s.failures.mu.Unlock()
	s.InjectFailure(SlowMetadata, requests)
}

// InjectedFailures returns how many requests have failed.
func (s *Server) InjectedFailures(failure Failure) int {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	return s.failures.injected[failure]
}

// Fail reports whether the present request must fail, and counts it if so.
func (s *Server) Fail(failure Failure) bool {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	if s.failures.pending[failure] == 0 {
		return false
	}
	s.failures.pending[failure]--
	s.failures.injected[failure]++
	return true
}

func (s *Server) delayMetadata() {
	if !s.Fail(SlowMetadata) {
		return
	}
	s.failures.mu.Lock()
	delay := s.failures.metadataDelay
	s.failures.mu.Unlock()
	time.Sleep(delay)
}
