package forecast

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Timed is a task with the moment of its begin and of its end, in seconds from the start.
type Timed struct {
	Task
	Start, End float64
	// Because is the task that it waited for last; empty when it began at once.
	Because string
}

// Schedule is a plan played in virtual time.
type Schedule struct {
	tasks map[string]*Timed
	order []string
}

// Play runs the plan. It fails when a task waits for one that does not exist, or for itself.
func (p *Plan) Play() (*Schedule, error) {
	r, err := newRun(p)
	if err != nil {
		return nil, err
	}
	for r.pending.Len() > 0 {
		r.finish(heap.Pop(&r.pending).(finished))
	}
	if len(r.schedule.order) < len(p.Tasks) {
		return nil, fmt.Errorf("these tasks can never begin: %s", strings.Join(r.stuck(), ", "))
	}
	return r.schedule, nil
}

// run is the state of one play.
type run struct {
	schedule   *Schedule
	index      map[string]int
	tasks      []Task
	missing    []int // tasks yet to be done before each one
	dependents [][]int
	holders    map[string][]int // by ID, the tasks that hold their share until it ends
	free       map[string]int
	queue      map[string][]int
	pending    finishes
}

func newRun(p *Plan) (*run, error) {
	r := &run{
		schedule: &Schedule{tasks: map[string]*Timed{}}, index: map[string]int{}, tasks: p.Tasks,
		missing: make([]int, len(p.Tasks)), dependents: make([][]int, len(p.Tasks)),
		holders: map[string][]int{}, free: map[string]int{}, queue: map[string][]int{},
	}
	for i, t := range p.Tasks {
		if _, twice := r.index[t.ID]; twice {
			return nil, fmt.Errorf("task %q is planned twice", t.ID)
		}
		r.index[t.ID] = i
	}
	for name, capacity := range p.Capacity {
		r.free[name] = capacity
	}
	var problems []error
	for i, t := range p.Tasks {
		if t.Seconds < 0 {
			problems = append(problems, fmt.Errorf("task %q takes %g s", t.ID, t.Seconds))
		}
		if t.Uses != "" && p.Capacity[t.Uses] < 1 {
			problems = append(problems, fmt.Errorf("task %q uses %q, of which there is none", t.ID, t.Uses))
		}
		for _, name := range t.waits() {
			if _, known := r.index[name]; !known {
				problems = append(problems, fmt.Errorf("task %q waits for %q, which is not planned", t.ID, name))
			}
		}
		for _, name := range t.After {
			r.missing[i]++
			if at, known := r.index[name]; known {
				r.dependents[at] = append(r.dependents[at], i)
			}
		}
		if t.Uses != "" {
			r.holders[t.release()] = append(r.holders[t.release()], i)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for i := range p.Tasks {
		if r.missing[i] == 0 {
			r.ready(i, 0, "")
		}
	}
	return r, nil
}

func (t *Task) waits() []string {
	if t.HeldUntil == "" {
		return t.After
	}
	return append(slices.Clone(t.After), t.HeldUntil)
}

func (t *Task) release() string {
	if t.HeldUntil != "" {
		return t.HeldUntil
	}
	return t.ID
}

// ready begins the task, or lets it queue for its share.
func (r *run) ready(i int, now float64, because string) {
	name := r.tasks[i].Uses
	if name != "" && r.free[name] == 0 {
		r.queue[name] = append(r.queue[name], i)
		return
	}
	r.begin(i, now, because)
}

func (r *run) begin(i int, now float64, because string) {
	t := r.tasks[i]
	if t.Uses != "" {
		r.free[t.Uses]--
	}
	r.schedule.tasks[t.ID] = &Timed{Task: t, Start: now, End: now + t.Seconds, Because: because}
	heap.Push(&r.pending, finished{at: now + t.Seconds, task: i})
}

// finish lets go what waited for the task: those that come after it, and those that queue for the shares it gives back.
func (r *run) finish(f finished) {
	id := r.tasks[f.task].ID
	r.schedule.order = append(r.schedule.order, id)
	for _, holder := range r.holders[id] {
		name := r.tasks[holder].Uses
		r.free[name]++
		if waiting := r.queue[name]; len(waiting) > 0 {
			r.queue[name] = waiting[1:]
			r.begin(waiting[0], f.at, id)
		}
	}
	for _, dependent := range r.dependents[f.task] {
		if r.missing[dependent]--; r.missing[dependent] == 0 {
			r.ready(dependent, f.at, id)
		}
	}
}

func (r *run) stuck() []string {
	var names []string
	for _, t := range r.tasks {
		if timed := r.schedule.tasks[t.ID]; timed == nil {
			names = append(names, t.ID)
		}
	}
	return names
}

type finished struct {
	at   float64
	task int
}

// finishes is a heap: the earliest first, at the same moment in the plan's order.
type finishes []finished

func (f finishes) Len() int { return len(f) }
func (f finishes) Less(i, j int) bool {
	if f[i].at != f[j].at {
		return f[i].at < f[j].at
	}
	return f[i].task < f[j].task
}
func (f finishes) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *finishes) Push(x any)   { *f = append(*f, x.(finished)) }
func (f *finishes) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}

// Task is one task of the schedule.
func (s *Schedule) Task(id string) (Timed, bool) {
	t, ok := s.tasks[id]
	if !ok {
		return Timed{}, false
	}
	return *t, true
}

// End is when the last goal is reached, in seconds.
func (s *Schedule) End() float64 { return s.last(func(t *Timed) bool { return t.Goal }).End }

// Total is when everything is done, in seconds.
func (s *Schedule) Total() float64 { return s.last(func(*Timed) bool { return true }).End }

func (s *Schedule) last(counts func(*Timed) bool) Timed {
	latest := Timed{}
	for _, id := range s.order {
		if t := s.tasks[id]; counts(t) && t.End > latest.End {
			latest = *t
		}
	}
	return latest
}

// CriticalPath is the chain of tasks that decides when the last goal is reached, the first of it first.
func (s *Schedule) CriticalPath() []Timed {
	var path []Timed
	for t := s.last(func(t *Timed) bool { return t.Goal }); t.ID != ""; {
		path = append(path, t)
		before := s.tasks[t.Because]
		if before == nil {
			break
		}
		t = *before
	}
	slices.Reverse(path)
	return path
}

// InLane lists the tasks of a lane by their begin.
func (s *Schedule) InLane(lane string) []Timed {
	var out []Timed
	for _, id := range s.order {
		if s.tasks[id].Lane == lane {
			out = append(out, *s.tasks[id])
		}
	}
	slices.SortStableFunc(out, func(a, b Timed) int {
		switch {
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	return out
}
