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
)

func (r *run) reboot(ctx context.Context) error {
	return r.checkRestart(ctx, func(i *instance) error {
		ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
		defer cancel()
		return i.PowerOff(ctx)
	})
}

func (r *run) powerCut(ctx context.Context) error {
	return r.checkRestart(ctx, func(i *instance) error { return i.CutPower() })
}

// checkRestart stops and starts both instances and checks that nothing changes.
func (r *run) checkRestart(ctx context.Context, stop func(*instance) error) error {
	before, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	if err := r.restart(ctx, stop); err != nil {
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

// snapshot returns everything that a restart must not change: objects, configuration files and parameters.
func (r *run) snapshot(ctx context.Context) (fingerprint, error) {
	all := fingerprint{}
	objects, err := objectFingerprint(ctx, r.client)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, objects)
	for _, i := range []*instance{r.controlPlane, r.worker} {
		files, err := i.fingerprint()
		if err != nil {
			return nil, err
		}
		for name, value := range files {
			all[i.ec2.Name+":"+name] = value
		}
	}
	controlPlane := r.controlPlane.node
	for _, parameter := range []string{r.worker.node.JoinParameter, controlPlane.KubeconfigParameter, controlPlane.StatusParameter, r.worker.node.StatusParameter} {
		value, err := r.cloud.Parameter(parameter)
		if err != nil {
			return nil, err
		}
		all["parameter "+parameter] = value
	}
	return all, nil
}

// restart stops and starts both instances and waits until both nodes are Ready again.
func (r *run) restart(ctx context.Context, stop func(*instance) error) error {
	since := time.Now()
	for _, i := range []*instance{r.worker, r.controlPlane} {
		if err := stop(i); err != nil {
			return err
		}
	}
	for _, i := range []*instance{r.controlPlane, r.worker} {
		if err := i.Start(ctx); err != nil {
			return err
		}
	}
	return r.awaitHeartbeats(ctx, since)
}

// awaitHeartbeats waits until both kubelets have renewed their lease after a time, and the boot service has succeeded on both.
func (r *run) awaitHeartbeats(ctx context.Context, since time.Time) error {
	for _, i := range []*instance{r.controlPlane, r.worker} {
		err := poll(ctx, recoveryTimeout, func(ctx context.Context) error {
			lease, err := r.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, i.ec2.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if !lease.Spec.RenewTime.After(since) {
				return fmt.Errorf("kubelet of %s renewed its lease last at %s", i.ec2.Name, lease.Spec.RenewTime)
			}
			if err := r.checkNode(ctx, r.client, i.ec2.Name); err != nil {
				return err
			}
			_, err = i.Run(ctx, "systemctl", "is-active", "kubeadm-bootstrap.service")
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
