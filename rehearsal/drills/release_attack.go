package drills

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/growbin/cluster/stacks"
)

// attempt is a request that the identity of a release must not be able to make.
type attempt struct {
	name string
	do   func(context.Context) error
}

// attack makes requests beyond a release, against the real API server. RBAC or the policy must forbid each.
func (d *releaseDrill) attack(ctx context.Context) error {
	attempts := append(d.otherObjects(), d.otherFields()...)
	attempts = append(attempts, d.otherJobs()...)
	refused := 0
	for _, a := range attempts {
		err := a.do(ctx)
		if !apierrors.IsForbidden(err) {
			d.Problem("drill release: its identity must not be able to %s: %v", a.name, err)
			continue
		}
		d.Console.Logf("refused: %s: %v", a.name, err)
		refused++
	}
	d.Compare("requests beyond a release that were refused", len(attempts), refused, refused == len(attempts))
	return nil
}

func (d *releaseDrill) otherObjects() []attempt {
	core, space := d.identity.CoreV1(), stacks.ReleaseNamespace
	return []attempt{
		{"read Secrets", func(ctx context.Context) error {
			_, err := core.Secrets(space).List(ctx, metav1.ListOptions{})
			return err
		}},
		{"list pods", func(ctx context.Context) error {
			_, err := core.Pods(space).List(ctx, metav1.ListOptions{})
			return err
		}},
		{"list nodes", func(ctx context.Context) error {
			_, err := core.Nodes().List(ctx, metav1.ListOptions{})
			return err
		}},
		{"change another application", func(ctx context.Context) error {
			return d.patch(ctx, "auth-api", `{"spec":{"replicas":0}}`)
		}},
		{"delete the Deployment", func(ctx context.Context) error {
			return d.identity.AppsV1().Deployments(space).Delete(ctx, releasedApplication, metav1.DeleteOptions{})
		}},
	}
}

// otherFields change the own Deployment beyond its image.
func (d *releaseDrill) otherFields() []attempt {
	container := func(fields string) string {
		return fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,%s}]}}}}`, releasedApplication, fields)
	}
	var attempts []attempt
	for name, patch := range map[string]string{
		"scale":                       `{"spec":{"replicas":9}}`,
		"set another service account": `{"spec":{"template":{"spec":{"serviceAccountName":"release-auth-api","automountServiceAccountToken":true}}}}`,
		"use the host's network":      `{"spec":{"template":{"spec":{"hostNetwork":true}}}}`,
		"mount a Secret":              `{"spec":{"template":{"spec":{"volumes":[{"name":"stolen","secret":{"secretName":"release-auth-api"}}]}}}}`,
		"add a container":             `{"spec":{"template":{"spec":{"containers":[{"name":"second","image":"ghcr.io/growbin/waste-api:1.1.0"}]}}}}`,
		"add an init container":       `{"spec":{"template":{"spec":{"initContainers":[{"name":"first","image":"ghcr.io/growbin/waste-api:1.1.0"}]}}}}`,
		"change the command":          container(`"command":["sh"]`),
		"change a variable":           container(`"env":[{"name":"LD_PRELOAD","value":"/tmp/stolen.so"}]`),
		"change the image's owner":    container(`"image":"ghcr.io/elsewhere/waste-api:1.1.0"`),
		"run another application":     container(`"image":"ghcr.io/growbin/auth-api:1.1.0"`),
		"run latest":                  container(`"image":"ghcr.io/growbin/waste-api:latest"`),
		"label the pods":              `{"spec":{"template":{"metadata":{"labels":{"app.kubernetes.io/component":"worker"}}}}}`,
		"annotate the Deployment":     `{"metadata":{"annotations":{"pulumi.com/skipAwait":"true"}}}`,
	} {
		attempts = append(attempts, attempt{name, func(ctx context.Context) error { return d.patch(ctx, releasedApplication, patch) }})
	}
	return attempts
}

func (d *releaseDrill) patch(ctx context.Context, name, patch string) error {
	_, err := d.identity.AppsV1().Deployments(stacks.ReleaseNamespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// otherJobs create Jobs that are not the migration. The Job of the release's own migration exists, so each has a dry run's name
// or a changed pod.
func (d *releaseDrill) otherJobs() []attempt {
	create := func(edit func(*batchv1.Job)) func(context.Context) error {
		return func(ctx context.Context) error {
			task, err := d.admin.BatchV1().CronJobs(stacks.ReleaseNamespace).Get(ctx, "migrate-growbin", metav1.GetOptions{})
			if err != nil {
				return err
			}
			job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: task.Name}, Spec: task.Spec.JobTemplate.Spec}
			edit(job)
			_, err = d.identity.BatchV1().Jobs(stacks.ReleaseNamespace).Create(ctx, job, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err
		}
	}
	return []attempt{
		{"run a Job of another name", create(func(j *batchv1.Job) { j.Name = "stolen" })},
		{"run another database's migration", create(func(j *batchv1.Job) { j.Name = "migrate-auth" })},
		{"run a Job with another command", create(func(j *batchv1.Job) { j.Spec.Template.Spec.Containers[0].Command = []string{"sh"} })},
		{"run a Job with another Secret", create(func(j *batchv1.Job) {
			j.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "release-auth-api"}}}}
		})},
		{"run a Job that passes for an API", create(func(j *batchv1.Job) {
			j.Spec.Template.Labels = map[string]string{"app.kubernetes.io/name": "waste-api"}
		})},
		{"run a hundred pods", create(func(j *batchv1.Job) { hundred := int32(100); j.Spec.Parallelism = &hundred })},
	}
}
