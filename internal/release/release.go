// Package release brings a new image to one Deployment: it migrates the database, changes the image, waits, and rolls back if
// the new pods do not become ready. It has no word of Growbin.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Manager is the field manager that owns the image of a released Deployment. Pulumi leaves the field to it.
const Manager = "growbin-release"

// rollbackTimeout limits a rollback: the old image is on the node, and most of its pods still run.
const rollbackTimeout = 5 * time.Minute

// Options describe one release.
type Options struct {
	Client    kubernetes.Interface
	Namespace string
	// Application is the name of the Deployment and of its container.
	Application string
	// Image is the new image.
	Image string
	// Migration is the CronJob to run before the pods change; empty for none.
	Migration string
	// Timeout limits the migration, and then the wait for the new pods.
	Timeout time.Duration
	// Poll is the pause between two checks.
	Poll time.Duration
	// Logf, if non-nil, is called before each step.
	Logf func(format string, args ...any)
}

// Run releases the image. It returns an error if the new pods are not ready in time; the former image runs again then.
func Run(ctx context.Context, o Options) error {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	deployment, err := o.deployment(ctx)
	if err != nil {
		return err
	}
	former, err := ImageOf(deployment)
	if err != nil {
		return err
	}
	// Also if the image runs already: nothing has migrated the databases of a new stack yet.
	if o.Migration != "" {
		o.Logf("migrating: %s with %s", o.Migration, o.Image)
		if err := o.migrate(ctx); err != nil {
			return fmt.Errorf("%s still runs %s, since the migration %s failed: %w", o.Application, former, o.Migration, err)
		}
	}
	if former == o.Image {
		o.Logf("%s runs %s already", o.Application, o.Image)
		return o.wait(ctx, o.Image, o.Timeout)
	}
	o.Logf("releasing: %s → %s", former, o.Image)
	if err := o.setImage(ctx, o.Image); err != nil {
		return err
	}
	err = o.wait(ctx, o.Image, o.Timeout)
	var superseded *supersededError
	if err == nil || errors.As(err, &superseded) {
		return err
	}
	return o.rollBack(context.WithoutCancel(ctx), former, err)
}

// rollBack returns the reason with the outcome of the rollback.
func (o Options) rollBack(ctx context.Context, former string, reason error) error {
	o.Logf("rolling back to %s: %v", former, reason)
	if err := o.setImage(ctx, former); err != nil {
		return fmt.Errorf("%w; the rollback to %s failed too: %w", reason, former, err)
	}
	if err := o.wait(ctx, former, rollbackTimeout); err != nil {
		return fmt.Errorf("%w; the rollback to %s is not complete: %w", reason, former, err)
	}
	return fmt.Errorf("%w; rolled back to %s", reason, former)
}

func (o Options) deployment(ctx context.Context) (*appsv1.Deployment, error) {
	deployment, err := o.Client.AppsV1().Deployments(o.Namespace).Get(ctx, o.Application, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Deployment %s: %w", o.Application, err)
	}
	return deployment, nil
}

// ImageOf returns the image of the container that has the Deployment's name.
func ImageOf(d *appsv1.Deployment) (string, error) {
	for _, container := range d.Spec.Template.Spec.Containers {
		if container.Name == d.Name {
			return container.Image, nil
		}
	}
	return "", fmt.Errorf("Deployment %s has no container %s", d.Name, d.Name)
}

// setImage takes the ownership of the image by server-side apply.
func (o Options) setImage(ctx context.Context, image string) error {
	patch, err := json.Marshal(ImageOnly("apps/v1", "Deployment", o.Namespace, o.Application, image))
	if err != nil {
		return err
	}
	if _, err := o.Client.AppsV1().Deployments(o.Namespace).Patch(ctx, o.Application, types.ApplyPatchType, patch, applyOptions()); err != nil {
		return fmt.Errorf("change the image of %s: %w", o.Application, err)
	}
	return nil
}

func applyOptions() metav1.PatchOptions {
	force := true
	return metav1.PatchOptions{FieldManager: Manager, Force: &force}
}

// ImageOnly returns the configuration of a Deployment or CronJob that owns one image and nothing else. A typed object would state
// empty fields too.
func ImageOnly(version, kind, namespace, name, image string) map[string]any {
	spec := map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": name, "image": image}}}}}
	if kind == "CronJob" {
		spec = map[string]any{"jobTemplate": map[string]any{"spec": spec}}
	}
	return map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}, "spec": spec}
}

// supersededError reports that somebody else changed the image meanwhile.
type supersededError struct{ image string }

func (e *supersededError) Error() string { return "another release changed the image to " + e.image }

// wait waits until all pods have the image and are available, and none of others is left.
func (o Options) wait(ctx context.Context, image string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		deployment, err := o.deployment(ctx)
		if err == nil {
			current, err := ImageOf(deployment)
			if err != nil {
				return err
			}
			if current != image {
				return &supersededError{current}
			}
			if Complete(deployment) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return errors.New("interrupted")
			}
			if deployment == nil {
				return err
			}
			return fmt.Errorf("after %s %s", limit, progress(deployment))
		case <-time.After(o.Poll):
		}
	}
}

// Complete reports whether all pods are those of the current template, and available.
func Complete(d *appsv1.Deployment) bool {
	wanted := wantedReplicas(d)
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == wanted &&
		d.Status.AvailableReplicas == wanted && d.Status.Replicas == wanted
}

func wantedReplicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

func progress(d *appsv1.Deployment) string {
	text := fmt.Sprintf("%d of %d pods have the new image, %d pods are available", d.Status.UpdatedReplicas, wantedReplicas(d), d.Status.AvailableReplicas)
	for _, c := range d.Status.Conditions {
		if c.Status == corev1.ConditionFalse || c.Type == appsv1.DeploymentReplicaFailure {
			text += ": " + c.Message
		}
	}
	return text
}
