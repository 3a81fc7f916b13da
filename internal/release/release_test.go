package release

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const (
	former = "ghcr.io/example/api:1.0.0"
	next   = "ghcr.io/example/api:1.1.0"
	broken = "ghcr.io/example/api:1.2.0-broken"
)

// newCluster has one Deployment whose pods are ready at once, unless their image is broken, and a migration whose Job ends with
// the given condition.
func newCluster(t *testing.T, outcome batchv1.JobConditionType) *fake.Clientset {
	t.Helper()
	pod := func(name string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: former}}}}
	}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "apps"} }
	three := int32(3)
	client := fake.NewClientset(
		&appsv1.Deployment{ObjectMeta: meta("api"), Spec: appsv1.DeploymentSpec{Replicas: &three, Template: pod("api")}, Status: ready(3)},
		&batchv1.CronJob{ObjectMeta: meta("migrate"), Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: pod("migrate")}}}},
	)
	client.PrependReactor("get", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
		object, err := client.Tracker().Get(action.GetResource(), action.GetNamespace(), action.(clienttesting.GetAction).GetName())
		if err != nil {
			return true, nil, err
		}
		deployment := object.(*appsv1.Deployment).DeepCopy()
		if deployment.Spec.Template.Spec.Containers[0].Image == broken {
			deployment.Status.AvailableReplicas, deployment.Status.UpdatedReplicas, deployment.Status.Replicas = 3, 1, 4
		}
		return true, deployment, nil
	})
	client.PrependReactor("create", "jobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
		job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
		job.Status.Conditions = []batchv1.JobCondition{{Type: outcome, Status: corev1.ConditionTrue, Reason: "Ended", Message: "by the test"}}
		return false, nil, nil
	})
	return client
}

func ready(n int32) appsv1.DeploymentStatus {
	return appsv1.DeploymentStatus{Replicas: n, UpdatedReplicas: n, AvailableReplicas: n}
}

func release(client *fake.Clientset, image string) Options {
	return Options{
		Client: client, Namespace: "apps", Application: "api", Image: image, Migration: "migrate",
		Timeout: 50 * time.Millisecond, Poll: time.Millisecond,
	}
}

func imageNow(t *testing.T, client *fake.Clientset) string {
	t.Helper()
	d, err := client.AppsV1().Deployments("apps").Get(t.Context(), "api", metav1.GetOptions{})
	require.NoError(t, err)
	image, err := ImageOf(d)
	require.NoError(t, err)
	return image
}

func TestRun_MigratesThenChangesTheImage(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	require.NoError(t, Run(t.Context(), release(client, next)))
	assert.Equal(t, next, imageNow(t, client))
	job, err := client.BatchV1().Jobs("apps").Get(t.Context(), "migrate", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, next, job.Spec.Template.Spec.Containers[0].Image)

	// Again with another image: the Job of the first release makes way.
	require.NoError(t, Run(t.Context(), release(client, former)))
	assert.Equal(t, former, imageNow(t, client))
}

// The databases of a new stack are empty while the first images run already.
func TestRun_MigratesTheRunningImageToo(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	require.NoError(t, Run(t.Context(), release(client, former)))
	job, err := client.BatchV1().Jobs("apps").Get(t.Context(), "migrate", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, former, job.Spec.Template.Spec.Containers[0].Image)
	for _, action := range client.Actions() {
		assert.False(t, action.Matches("patch", "deployments"), "no pod changes")
	}
}

func TestRun_FailedMigrationChangesNoPod(t *testing.T) {
	client := newCluster(t, batchv1.JobFailed)
	err := Run(t.Context(), release(client, next))
	assert.ErrorContains(t, err, "still runs "+former)
	assert.ErrorContains(t, err, "Ended: by the test")
	assert.Equal(t, former, imageNow(t, client))
}

func TestRun_RollsBack(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	err := Run(t.Context(), release(client, broken))
	assert.ErrorContains(t, err, "1 of 3 pods have the new image")
	assert.ErrorContains(t, err, "rolled back to "+former)
	assert.Equal(t, former, imageNow(t, client))
}

// Somebody who interrupts a release gets the former image too.
func TestRun_InterruptedRollsBack(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	ctx, cancel := context.WithCancel(t.Context())
	o := release(client, broken)
	o.Timeout = time.Minute
	var polls atomic.Int32
	client.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		if polls.Add(1) == 5 {
			cancel()
		}
		return false, nil, nil
	})
	assert.ErrorContains(t, Run(ctx, o), "interrupted; rolled back to "+former)
	assert.Equal(t, former, imageNow(t, client))
}

func TestRun_AnotherReleaseIsLeftAlone(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	o := release(client, broken)
	o.Timeout = time.Minute
	var polls atomic.Int32
	waiting := make(chan struct{})
	client.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		if polls.Add(1) == 5 {
			close(waiting)
		}
		return false, nil, nil
	})
	go func() { // the fake client is locked while a reactor runs
		<-waiting
		assert.NoError(t, release(client, next).setImage(context.Background(), next))
	}()
	assert.ErrorContains(t, Run(t.Context(), o), "another release changed the image to "+next)
	assert.Equal(t, next, imageNow(t, client))
}

func TestMigrate_OneAtATime(t *testing.T) {
	client := newCluster(t, "")
	_, err := client.BatchV1().Jobs("apps").Create(t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "migrate"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	assert.ErrorContains(t, Run(t.Context(), release(client, next)), "another release migrates")
}

func TestList_TagAndItsOwner(t *testing.T) {
	client := newCluster(t, batchv1.JobComplete)
	list, err := List(t.Context(), client, "apps", []string{"api"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "1.0.0", list[0].Tag)
	assert.Equal(t, "imageTag", list[0].Owner)
	assert.True(t, list[0].Complete)
	require.NoError(t, Run(t.Context(), release(client, next)))
	list, err = List(t.Context(), client, "apps", []string{"api"})
	require.NoError(t, err)
	assert.Equal(t, "1.1.0", list[0].Tag)
	digest := "@sha256:" + strings.Repeat("a1", 32)
	require.NoError(t, Run(t.Context(), release(client, next+digest)))
	list, err = List(t.Context(), client, "apps", []string{"api"})
	require.NoError(t, err)
	assert.Equal(t, "1.1.0"+digest, list[0].Tag)
	var out bytes.Buffer
	require.NoError(t, Print(&out, list))
	assert.Contains(t, out.String(), "api          1.1.0"+digest+"  3/3   running")
}
