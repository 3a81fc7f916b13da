package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

// patience bounds how long what runs already may take to be complete again.
const patience = 3 * time.Minute

// systemPods waits until every pod of the system is ready.
func (r *run) systemPods(ctx context.Context) error {
	return wait(ctx, patience, func(ctx context.Context) error {
		pods, err := r.client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var waiting []string
		for _, pod := range pods.Items {
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue && pod.DeletionTimestamp == nil {
					waiting = append(waiting, pod.Name+" on "+pod.Spec.NodeName)
				}
			}
		}
		if len(waiting) > 0 || len(pods.Items) == 0 {
			return fmt.Errorf("of %d pods these are not ready: %s", len(pods.Items), strings.Join(waiting, ", "))
		}
		return nil
	})
}

// snapshot is all that a restart must leave alone.
func (r *run) snapshot(ctx context.Context) (fingerprint, error) {
	all := fingerprint{}
	found, err := objects(ctx, r.client)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, found)
	for _, m := range []*Machine{r.control, r.worker} {
		files, err := m.fingerprint()
		if err != nil {
			return nil, err
		}
		for name, value := range files {
			all[m.aws.Name+":"+name] = value
		}
	}
	for _, parameter := range []string{r.control.node.JoinParameter, r.control.node.KubeconfigParameter, r.control.node.StatusParameter, r.worker.node.StatusParameter} {
		value, err := r.cloud.Parameter(parameter)
		if err != nil {
			return nil, err
		}
		all["parameter "+parameter] = value
	}
	return all, nil
}

// restart switches both machines off and on, and waits until both nodes are Ready again.
func (r *run) restart(ctx context.Context, off func(*Machine) error) error {
	since := time.Now()
	for _, m := range []*Machine{r.worker, r.control} {
		if err := off(m); err != nil {
			return err
		}
	}
	for _, m := range []*Machine{r.control, r.worker} {
		if err := m.Start(ctx); err != nil {
			return err
		}
	}
	return r.heardOf(ctx, since)
}

// heardOf waits until both kubelets have reported after a moment, and the boot service has ended well on both.
func (r *run) heardOf(ctx context.Context, since time.Time) error {
	for _, m := range []*Machine{r.control, r.worker} {
		err := wait(ctx, patience, func(ctx context.Context) error {
			lease, err := r.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, m.aws.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if !lease.Spec.RenewTime.After(since) {
				return fmt.Errorf("kubelet of %s was last heard of at %s", m.aws.Name, lease.Spec.RenewTime)
			}
			if err := r.checkNode(ctx, r.client, m.aws.Name); err != nil {
				return err
			}
			_, err = m.Run(ctx, "systemctl", "is-active", "kubeadm-bootstrap.service")
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) unchanged(ctx context.Context, off func(*Machine) error) error {
	before, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	if err := r.restart(ctx, off); err != nil {
		return err
	}
	after, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	if changes := before.differences(after); len(changes) > 0 {
		return errors.New(strings.Join(changes, "\n"))
	}
	return r.systemPods(ctx)
}

func (r *run) secondBoot(ctx context.Context) error {
	return r.unchanged(ctx, func(m *Machine) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return m.PowerOff(ctx)
	})
}

func (r *run) powerCut(ctx context.Context) error {
	return r.unchanged(ctx, func(m *Machine) error { return m.CutPower() })
}

// freshWorker throws the worker away, its data too, and makes another with the same name.
func (r *run) freshWorker(ctx context.Context) (err error) {
	if err := r.worker.discard(); err != nil {
		return err
	}
	if err := r.blankDisk(r.options.Worker); err != nil {
		return err
	}
	if err := r.client.CoreV1().Nodes().Delete(ctx, r.options.Worker, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if aws, err := r.cloud.Machine(r.options.Worker); err == nil {
		r.awsapi.Succeed(aws)
	}
	r.worker, err = r.newMachine(ctx, r.options.Worker)
	return err
}

// failedWith waits until the worker reports a failure at a step, and checks that the reason can be read on the console too.
func (r *run) failedWith(ctx context.Context, step, reason string) error {
	status, err := r.worker.waitFor(ctx, bootLimit, kubeadm.PhaseFailed)
	if err != nil {
		return err
	}
	if status.Step != step || !strings.Contains(status.Reason, reason) {
		return fmt.Errorf("the status says %q at step %q, which does not name %q", status.Reason, status.Step, reason)
	}
	if console := r.worker.consoleSince(0); !strings.Contains(console, "step "+step+" FAILED") || !strings.Contains(console, reason) {
		return fmt.Errorf("the console does not name %q: see %s", reason, r.worker.Console)
	}
	return nil
}
