package verify

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestVersionDifferences_ServerAndKubelets(t *testing.T) {
	node := func(name, version string) corev1.Node {
		return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{KubeletVersion: version}}}
	}
	s := &Snapshot{Version: "v1.36.3", Nodes: []corev1.Node{node("a", "v1.36.3"), node("b", "v1.35.0")}}
	assert.Equal(t, []string{"node b runs 1.35.0, must be 1.36.3"}, s.VersionDifferences("1.36.3"))
	assert.Len(t, s.VersionDifferences("1.36.4"), 3)
}

func TestOverdue_LastSuccessOrCreation(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	job := func(name string, created, success time.Duration, suspend bool) batchv1.CronJob {
		j := batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "data", Name: name, CreationTimestamp: metav1.NewTime(now.Add(-created))}}
		j.Spec.Suspend = &suspend
		if success > 0 {
			at := metav1.NewTime(now.Add(-success))
			j.Status.LastSuccessfulTime = &at
		}
		return j
	}
	s := &Snapshot{CronJobs: []batchv1.CronJob{
		job("well", 99*time.Hour, time.Hour, false), job("new", time.Hour, 0, false), job("on-demand", 99*time.Hour, 0, true),
		job("failing", 99*time.Hour, 50*time.Hour, false), job("never", 99*time.Hour, 0, false),
	}}
	assert.Equal(t, []string{
		"CronJob data/failing has had no success for 50h0m0s, must have one every 26h0m0s",
		"CronJob data/never has had no success for 99h0m0s, must have one every 26h0m0s",
	}, s.Overdue(now, 26*time.Hour))
}

func TestPrint_TableThenProblems(t *testing.T) {
	var out bytes.Buffer
	n, err := Print(&out, []Row{{Subject: "nodes", Found: "9"}, {Subject: "targets", Found: "1 healthy", Problems: []string{"i-2 is unhealthy"}}})
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, "nodes    ok       9\ntargets  1 wrong  1 healthy\ntargets: i-2 is unhealthy\n", out.String())
}
