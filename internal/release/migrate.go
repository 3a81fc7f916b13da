package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// migrate runs the CronJob's Job with the new image. There is one Job of that name, so two releases cannot migrate at once.
func (o Options) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	patch, err := json.Marshal(ImageOnly("batch/v1", "CronJob", o.Namespace, o.Migration, o.Image))
	if err != nil {
		return err
	}
	task, err := o.Client.BatchV1().CronJobs(o.Namespace).Patch(ctx, o.Migration, types.ApplyPatchType, patch, applyOptions())
	if err != nil {
		return fmt.Errorf("change the image: %w", err)
	}
	if err := o.removeFormer(ctx); err != nil {
		return err
	}
	template := task.Spec.JobTemplate
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: o.Migration, Labels: task.Labels}, Spec: template.Spec}
	if _, err := o.Client.BatchV1().Jobs(o.Namespace).Create(ctx, job, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the Job: %w", err)
	}
	return o.poll(ctx, func() (bool, error) {
		job, err := o.Client.BatchV1().Jobs(o.Namespace).Get(ctx, o.Migration, metav1.GetOptions{})
		if err != nil {
			return false, fmt.Errorf("read the Job: %w", err)
		}
		complete, failed := outcome(job)
		if failed != "" {
			return false, errors.New(failed)
		}
		return complete, nil
	})
}

// removeFormer deletes the Job of an earlier release. One that still runs is another release's.
func (o Options) removeFormer(ctx context.Context) error {
	jobs := o.Client.BatchV1().Jobs(o.Namespace)
	former, err := jobs.Get(ctx, o.Migration, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the former Job: %w", err)
	}
	if complete, failed := outcome(former); !complete && failed == "" {
		return errors.New("another release migrates: wait for it")
	}
	background := metav1.DeletePropagationBackground
	if err := jobs.Delete(ctx, o.Migration, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the former Job: %w", err)
	}
	return o.poll(ctx, func() (bool, error) {
		_, err := jobs.Get(ctx, o.Migration, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// outcome reports whether a Job has ended, and why it failed.
func outcome(job *batchv1.Job) (complete bool, failed string) {
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobComplete:
			return true, ""
		case c.Type == batchv1.JobFailed:
			return false, c.Reason + ": " + c.Message
		}
	}
	return false, ""
}

func (o Options) poll(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not done after %s, and left running: %w", o.Timeout, ctx.Err())
		case <-time.After(o.Poll):
		}
	}
}
