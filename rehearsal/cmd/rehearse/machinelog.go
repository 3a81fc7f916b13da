package main

import (
	"fmt"
	"slices"
	"sync"
)

// machineLog is the order in which the simulated EC2 launched and terminated machines.
type machineLog struct {
	mu     sync.Mutex
	events []machineEvent
}

type machineEvent struct {
	name     string
	launched bool // or terminated
}

func (l *machineLog) launched(name string)   { l.add(machineEvent{name, true}) }
func (l *machineLog) terminated(name string) { l.add(machineEvent{name, false}) }

func (l *machineLog) add(event machineEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
}

// since returns what happened after the first n events.
func (l *machineLog) since(n int) []machineEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events[n:])
}

func (l *machineLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// away is the largest number of the named machines that were gone at once, and replaced is how often each was.
func away(events []machineEvent, names []string) (most int, replaced map[string]int, order []string) {
	gone, replaced := map[string]bool{}, map[string]int{}
	for _, event := range events {
		if !slices.Contains(names, event.name) {
			continue
		}
		if event.launched {
			delete(gone, event.name)
			continue
		}
		gone[event.name] = true
		replaced[event.name]++
		order = append(order, event.name)
		most = max(most, len(gone))
	}
	return most, replaced, order
}

func (e machineEvent) String() string {
	if e.launched {
		return fmt.Sprintf("%s launched", e.name)
	}
	return fmt.Sprintf("%s terminated", e.name)
}
