package rehearsal

import (
	"fmt"
	"slices"
	"sync"
)

// MachineLog records the order in which the simulated EC2 launched and terminated instances.
type MachineLog struct {
	mu     sync.Mutex
	events []MachineEvent
}

// MachineEvent is the launch or the termination of one instance.
type MachineEvent struct {
	name     string
	launched bool // or terminated
}

func (l *MachineLog) launched(name string)   { l.add(MachineEvent{name, true}) }
func (l *MachineLog) terminated(name string) { l.add(MachineEvent{name, false}) }

func (l *MachineLog) add(event MachineEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
}

// Since returns the events after the first n.
func (l *MachineLog) Since(n int) []MachineEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events[n:])
}

// Len is the number of events so far.
func (l *MachineLog) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// Away returns the largest number of the named instances that were terminated at once, how often each was replaced, and in
// which order.
func Away(events []MachineEvent, names []string) (most int, replaced map[string]int, order []string) {
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

func (e MachineEvent) String() string {
	if e.launched {
		return fmt.Sprintf("%s launched", e.name)
	}
	return fmt.Sprintf("%s terminated", e.name)
}
