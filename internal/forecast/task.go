// Package forecast predicts how long a deployment takes. It turns what a program registers and what its machines boot from
// into tasks with durations from a table of facts, plays them in virtual time, and finds the chain of tasks that decides the end.
//
// Nothing is measured here. Every duration has a source or says that it is an assumption.
package forecast

// Task is something that takes time.
type Task struct {
	// ID names the task; no other has it.
	ID string
	// Lane is who does it: the engine, or a machine by its name. Label says what a person reads.
	Lane, Label string
	// Seconds is how long it takes once it has begun.
	Seconds float64
	// After are the tasks that must be done before it begins.
	After []string
	// Uses is what it needs a share of, a key of Plan.Capacity; empty for nothing.
	Uses string
	// HeldUntil is the task whose end gives the share back; the task itself when empty.
	HeldUntil string
	// Goal tasks are those whose last end is what is predicted.
	Goal bool
}

// Plan is all tasks of a deployment.
type Plan struct {
	// Tasks are in the order in which they are asked for: what waits for the same share is served in the order of its coming,
	// and what comes at the same moment in this order.
	Tasks []Task
	// Capacity is how many tasks may hold a share at once.
	Capacity map[string]int
}

func (p *Plan) add(t Task) string {
	p.Tasks = append(p.Tasks, t)
	return t.ID
}
