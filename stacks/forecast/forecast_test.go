package forecast

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/forecast"
	"github.com/growbin/cluster/stacks"
)

const root = "../.."

// dev is loaded once: what the program registers does not change between tests.
var dev = sync.OnceValues(func() (*Program, error) { return Load(root, "dev") })

func report(t testing.TB) *Report {
	t.Helper()
	program, err := dev()
	require.NoError(t, err)
	r, err := program.Report()
	require.NoError(t, err)
	return r
}

// variants are both by name.
func (r *Report) variants() map[string]*forecast.Schedule {
	return map[string]*forecast.Schedule{titleCanonical: r.Canonical, titlePrebuilt: r.Prebuilt}
}

// These are predicted figures, so they hold on any machine and at any load.
func TestAimsAreMetByTheModel(t *testing.T) {
	t.Parallel()
	r := report(t)
	require.Less(t, r.Canonical.End(), 6*60.0)
	require.Less(t, r.Prebuilt.End(), 3*60.0)
	require.Less(t, r.Prebuilt.End(), r.Canonical.End())
	require.Less(t, r.Canonical.End(), r.Before)
	for _, saving := range r.Savings {
		require.GreaterOrEqual(t, saving.Seconds, 0.0, "%s: this makes it slower", saving.Measure)
	}
}

func TestCriticalPathGoesThroughTheControlPlane(t *testing.T) {
	t.Parallel()
	for name, schedule := range report(t).variants() {
		var path []string
		end := 0.0
		for _, task := range schedule.CriticalPath() {
			require.InDelta(t, end, task.Start, 1e-6, "%s: nothing happens before %s", name, task.ID)
			end = task.End
			path = append(path, task.ID)
		}
		require.InDelta(t, schedule.End(), end, 1e-6)
		order := []string{"start", "launch/k8s-master", "boot/k8s-master", "init/k8s-master", "ready/k8s-master", "run/tigera-operator/tigera-operator/k8s-master"}
		at := -1
		for _, id := range order {
			found := indexOf(path, id)
			require.Greater(t, found, at, "%s: %s is not where it should be in %v", name, id, path)
			at = found
		}
	}
}

func indexOf(list []string, wanted string) int {
	for i, item := range list {
		if item == wanted {
			return i
		}
	}
	return -1
}

func TestEveryPodIsPredicted(t *testing.T) {
	t.Parallel()
	schedule := report(t).Canonical
	for _, application := range stacks.Applications() {
		task, ok := schedule.Task("run/growbin/" + application.Name + "/" + application.Node)
		require.True(t, ok, application.Name)
		require.True(t, task.Goal)
	}
	for _, service := range stacks.Services() {
		namespace := "data"
		if service.Node == "k8s-monitoring" {
			namespace = "monitoring"
		}
		_, ok := schedule.Task("run/" + namespace + "/" + service.Name + "/" + service.Node)
		require.True(t, ok, service.Name)
	}
	nodes, err := stacks.Topology(nil)
	require.NoError(t, err)
	for _, n := range nodes {
		for _, pod := range []string{"run/tigera-operator/calico-node/", "run/system/kube-proxy/", "run/monitoring/node-exporter/"} {
			_, ok := schedule.Task(pod + n.Name)
			require.True(t, ok, pod+n.Name)
		}
		launched, _ := schedule.Task("launch/" + n.Name)
		ready, _ := schedule.Task("ready/" + n.Name)
		require.Greater(t, ready.Start, launched.End, n.Name)
	}
}

func TestWorkersWaitForTheControlPlane(t *testing.T) {
	t.Parallel()
	for name, schedule := range report(t).variants() {
		data, ok := schedule.Task("join-data/k8s-master")
		require.True(t, ok)
		join, ok := schedule.Task("join/k8s-redis")
		require.True(t, ok)
		require.GreaterOrEqual(t, join.Start, data.End, name)
	}
}

// What waits must not keep what it waits for from beginning, however few places there are.
func TestNothingStarvesWithFewPlaces(t *testing.T) {
	t.Parallel()
	program, err := dev()
	require.NoError(t, err)
	for _, places := range []int{1, 2, 4, 8, 16, 1000} {
		_, err := program.Predict(forecast.Options{Parallelism: places})
		require.NoError(t, err, "pulumi up --parallel %d", places)
	}
}

func TestPrebuiltMachinesPullNoPublicImage(t *testing.T) {
	t.Parallel()
	for _, task := range report(t).Prebuilt.InLane("k8s-postgresql") {
		require.False(t, strings.HasPrefix(task.Label, "pull "), task.Label)
		require.False(t, strings.HasPrefix(task.Label, "install "), task.Label)
	}
}

func TestProductionCanBePredicted(t *testing.T) {
	t.Parallel()
	program, err := Load(root, "prod")
	require.NoError(t, err)
	_, err = program.Report()
	require.NoError(t, err)
}

func TestChartIsWhatTheModelGives(t *testing.T) {
	t.Parallel()
	drawing, err := report(t).Chart()
	require.NoError(t, err)
	committed, err := os.ReadFile(root + "/docs/time.svg")
	require.NoError(t, err)
	require.True(t, drawing == string(committed), "docs/time.svg is not what the model gives: run make predict and look at it")
	again, err := report(t).Chart()
	require.NoError(t, err)
	require.True(t, drawing == again, "the chart is another one each time")
}

func TestPageStatesWhatTheModelGives(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(root + "/docs/time.md")
	require.NoError(t, err)
	r := report(t)
	filled, err := r.Fill(string(page))
	require.NoError(t, err)
	require.True(t, filled == string(page), "docs/time.md is not what the model gives: run make predict and look at it")
	for _, figure := range []float64{r.Canonical.End(), r.Prebuilt.End(), r.Canonical.Total(), r.Prebuilt.Total(), r.Before} {
		require.Contains(t, filled, forecast.Duration(figure))
	}
	for _, fact := range forecast.Facts() {
		require.Contains(t, filled, factRow(fact))
	}
	_, err = r.Fill("a page without the part")
	require.Error(t, err)
}

func TestReportIsReadable(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, report(t).Write(&text))
	for _, part := range []string{titleCanonical, titlePrebuilt, "nothing was measured", "kubeadm init", "What each measure saves"} {
		require.Contains(t, text.String(), part)
	}
}

func BenchmarkPredictedTime(b *testing.B) {
	program, err := dev()
	require.NoError(b, err)
	for name, options := range map[string]forecast.Options{"canonical": {}, "prebuilt": {Prebuilt: true}} {
		b.Run(name, func(b *testing.B) {
			var schedule *forecast.Schedule
			for b.Loop() {
				if schedule, err = program.Predict(options); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(schedule.End(), "predicted-s-to-running")
			b.ReportMetric(schedule.Total(), "predicted-s-to-end-of-up")
		})
	}
}
