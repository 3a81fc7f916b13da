package drills

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/internal/release"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/argocd"
	"github.com/growbin/cluster/stacks"
)

// await refreshes the root Application and waits for a state of it.
func (d *gitOps) await(ctx context.Context, reached func(*argocd.Status) bool) (*argocd.Status, error) {
	return d.awaitFor(ctx, rehearsal.Patience, reached)
}

func (d *gitOps) awaitFor(ctx context.Context, limit time.Duration, reached func(*argocd.Status) bool) (status *argocd.Status, err error) {
	if err := d.argoCD.Refresh(ctx, stacks.RootApplication); err != nil {
		return nil, err
	}
	err = poll(ctx, limit, func() (err error) {
		if status, err = d.argoCD.Status(ctx, stacks.RootApplication); err == nil && !reached(status) {
			err = fmt.Errorf("after %s Argo CD is not as it must be: %s", limit, status)
		}
		return err
	})
	return status, err
}

// synced waits until Argo CD has applied the latest commit, and all pods are ready. The tag is only reported.
func (d *gitOps) synced(ctx context.Context, tag string) error {
	return d.syncedWithin(ctx, rehearsal.Patience, tag)
}

func (d *gitOps) syncedWithin(ctx context.Context, limit time.Duration, tag string) error {
	head, err := d.repository.Head(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	status, err := d.awaitFor(ctx, limit, func(s *argocd.Status) bool {
		// Before its first sync, an Application has no phase.
		return s.Sync.Revision == head && s.Sync.Status == "Synced" && s.Health.Status == "Healthy" && (s.OperationState.Phase == "" || s.OperationState.Phase == "Succeeded")
	})
	if err == nil {
		d.Console.Logf("Argo CD: %s %s, %s, after %s", status.Sync.Status, tag, status.Health.Status, time.Since(started).Round(time.Second))
		d.Compare("problems of Argo CD with the latest commit", "none", join(status.Problems()), len(status.Problems()) == 0)
	}
	return err
}

// running returns the Deployments of the applications by name.
func (d *gitOps) running(ctx context.Context) (map[string]appsv1.Deployment, error) {
	list, err := d.client.AppsV1().Deployments(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the applications: %w", err)
	}
	found := map[string]appsv1.Deployment{}
	for _, deployment := range list.Items {
		found[deployment.Name] = deployment
	}
	return found, nil
}

// compareChanges requires the Deployments from before, but for the images if there are others.
func (d *gitOps) compareChanges(ctx context.Context, before map[string]appsv1.Deployment, image func(application string) string, subject string) error {
	after, err := d.running(ctx)
	if err != nil {
		return err
	}
	var others []string
	for name, was := range before {
		want := was.Spec.DeepCopy()
		if image != nil {
			want.Template.Spec.Containers[0].Image = image(name)
		}
		if !equality.Semantic.DeepEqual(*want, after[name].Spec) {
			others = append(others, name)
		}
	}
	d.Compare(subject, "none", join(others), len(others) == 0 && len(after) == len(before))
	return nil
}

// compareImages requires that all applications have the images of a tag, and all their pods.
func (d *gitOps) compareImages(ctx context.Context, tag, subject string) error {
	settings, err := d.settings(tag)
	if err != nil {
		return err
	}
	running, err := d.running(ctx)
	if err != nil {
		return err
	}
	var others []string
	for _, name := range stacks.ApplicationNames() {
		deployment := running[name]
		if found, err := release.ImageOf(&deployment); err != nil || found != settings.Image(name) || !release.Complete(&deployment) {
			others = append(others, name+" has "+found)
		}
	}
	d.Compare(subject, "none", join(others), len(others) == 0)
	return nil
}

// compareHooks requires that each migration ran as the program defines it, with the committed image, before the first pod changed.
func (d *gitOps) compareHooks(ctx context.Context, settings *stacks.Settings) error {
	var changed, migrated []time.Time
	sets, err := d.client.AppsV1().ReplicaSets(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list ReplicaSets: %w", err)
	}
	for _, application := range settings.Applications() {
		at := slices.IndexFunc(sets.Items, func(s appsv1.ReplicaSet) bool {
			return s.Spec.Template.Spec.Containers[0].Image == settings.Image(application.Name)
		})
		if at < 0 {
			return fmt.Errorf("%s has no pods of %s", application.Name, settings.Image(application.Name))
		}
		changed = append(changed, sets.Items[at].CreationTimestamp.Time)
		if application.Migration() == "" {
			continue
		}
		ended, err := d.compareHook(ctx, application.Migration(), settings.Image(application.Name))
		if err != nil {
			return err
		}
		migrated = append(migrated, ended)
	}
	last, first := slices.MaxFunc(migrated, time.Time.Compare), slices.MinFunc(changed, time.Time.Compare)
	d.Compare("migrations that hooks of Argo CD ran before the first pod changed", "–", len(migrated), len(migrated) == 3 && !last.After(first))
	return nil
}

// compareHook returns when a hook ended.
func (d *gitOps) compareHook(ctx context.Context, name, image string) (time.Time, error) {
	job, err := d.client.BatchV1().Jobs(stacks.ReleaseNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("read hook %s: %w", name, err)
	}
	task, err := d.client.BatchV1().CronJobs(stacks.ReleaseNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("read CronJob %s: %w", name, err)
	}
	want := task.Spec.JobTemplate.Spec.Template.Spec.DeepCopy()
	want.Containers[0].Image = image
	same := equality.Semantic.DeepEqual(*want, job.Spec.Template.Spec)
	d.Compare("hook "+name+" is the migration of the program with the committed image", true, same, same)
	if job.Status.CompletionTime == nil {
		return time.Time{}, fmt.Errorf("hook %s has not succeeded", name)
	}
	return job.Status.CompletionTime.Time, nil
}
