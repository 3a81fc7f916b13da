package forecast

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func play(t *testing.T, capacity map[string]int, tasks ...Task) *Schedule {
	t.Helper()
	s, err := (&Plan{Tasks: tasks, Capacity: capacity}).Play()
	require.NoError(t, err)
	return s
}

func ids(tasks []Timed) (names []string) {
	for _, task := range tasks {
		names = append(names, task.ID)
	}
	return names
}

func TestCriticalPathIsTheLongestChain(t *testing.T) {
	t.Parallel()
	s := play(t, nil,
		Task{ID: "network", Seconds: 10},
		Task{ID: "roles", Seconds: 4},
		Task{ID: "machine", Seconds: 20, After: []string{"network", "roles"}},
		Task{ID: "bucket", Seconds: 90},
		Task{ID: "pods", Seconds: 5, After: []string{"machine"}, Goal: true},
	)
	require.InDelta(t, 35, s.End(), 1e-9)
	require.InDelta(t, 90, s.Total(), 1e-9)
	require.Equal(t, []string{"network", "machine", "pods"}, ids(s.CriticalPath()))
}

func TestShareIsServedInOrderAndExplainsTheWait(t *testing.T) {
	t.Parallel()
	s := play(t, map[string]int{"slot": 2},
		Task{ID: "a", Seconds: 5, Uses: "slot"},
		Task{ID: "b", Seconds: 3, Uses: "slot"},
		Task{ID: "c", Seconds: 1, Uses: "slot"},
		Task{ID: "d", Seconds: 1, Uses: "slot", Goal: true},
	)
	c, _ := s.Task("c")
	require.InDelta(t, 3, c.Start, 1e-9)
	require.Equal(t, "b", c.Because)
	require.Equal(t, []string{"b", "c", "d"}, ids(s.CriticalPath()))
	require.InDelta(t, 5, s.End(), 1e-9)
}

func TestShareCanBeHeldUntilAnotherTaskEnds(t *testing.T) {
	t.Parallel()
	s := play(t, map[string]int{"slot": 1},
		Task{ID: "create", Seconds: 1, Uses: "slot", HeldUntil: "running"},
		Task{ID: "running", Seconds: 20, After: []string{"create"}},
		Task{ID: "next", Seconds: 1, Uses: "slot", Goal: true},
	)
	require.InDelta(t, 22, s.End(), 1e-9)
	require.Equal(t, []string{"create", "running", "next"}, ids(s.CriticalPath()))
}

func TestPlanThatCannotEndIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan Plan
		want string
	}{
		"circle":   {Plan{Tasks: []Task{{ID: "a", After: []string{"b"}}, {ID: "b", After: []string{"a"}}}}, "can never begin: a, b"},
		"unknown":  {Plan{Tasks: []Task{{ID: "a", After: []string{"z"}}}}, `waits for "z"`},
		"twice":    {Plan{Tasks: []Task{{ID: "a"}, {ID: "a"}}}, "planned twice"},
		"no share": {Plan{Tasks: []Task{{ID: "a", Uses: "slot"}}}, "there is none"},
		"negative": {Plan{Tasks: []Task{{ID: "a", Seconds: -1}}}, "takes -1 s"},
		"starved": {Plan{Capacity: map[string]int{"slot": 1}, Tasks: []Task{
			{ID: "holds", Uses: "slot", HeldUntil: "store"}, {ID: "store", Uses: "slot", After: []string{"holds"}},
		}}, "can never begin: store"},
	} {
		_, err := test.plan.Play()
		require.ErrorContains(t, err, test.want, name)
	}
}
