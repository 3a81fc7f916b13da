package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

// What goes wrong for the worker that has a bad day, and how often.
const (
	// metadataDelay is longer than the scripts wait for the metadata service: each such call fails.
	metadataDelay = 6 * time.Second
	slowCalls     = 2
	throttles     = 3
	brokenLists   = 2
	// joinDelay stands for ten minutes: the worker asks every two seconds all the same. Tests of components/kubeadm hold
	// how long it goes on.
	joinDelay = 20 * time.Second
)

// badDay starts a new worker while everything that it asks is slow, throttled, broken or not there yet.
func (r *run) badDay(ctx context.Context) error {
	if err := r.freshWorker(ctx); err != nil {
		return err
	}
	faults := r.awsapi.Faults
	faults.SlowMetadata(metadataDelay, slowCalls)
	faults.Throttle(throttles)
	faults.BreakMirror(brokenLists)
	faults.Withhold(r.worker.node.JoinParameter, kubeadm.PendingValue)
	return r.worker.Start(ctx)
}

// recoversFrom checks that a fault has come as often as it was to, and that the boot went on.
func (r *run) recoversFrom(fault string, times int, words string) func(context.Context) error {
	return func(ctx context.Context) error {
		return wait(ctx, patience, func(context.Context) error {
			if seen := r.awsapi.Faults.Seen(fault); seen < times {
				return fmt.Errorf("%s was met %d of %d times", fault, seen, times)
			}
			console := r.worker.consoleSince(0)
			if !strings.Contains(console, words) {
				return fmt.Errorf("the console does not say %q: see %s", words, r.worker.Console)
			}
			if strings.Contains(console, "FAILED: ") {
				return final{fmt.Errorf("a step failed: see %s", r.worker.Console)}
			}
			return nil
		})
	}
}

// lateJoinData holds the join data back until the worker has been waiting for it, then lets it find a token that the API
// server no longer knows.
func (r *run) lateJoinData(ctx context.Context) error {
	const words = "waiting: the control plane has not published join data"
	if err := r.recoversFrom("mirror", brokenLists, words)(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(joinDelay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if status, err := r.worker.status(); err != nil || status.Phase != kubeadm.PhaseBooting || status.Step != "worker" {
		return fmt.Errorf("the worker reports %s at %q (%w); it should wait at step worker", status.Phase, status.Step, errors.Join(err))
	}
	return nil
}

// expiredToken removes every token from the API server, lets the worker fail with the one it reads, and renews the join
// data as the timer would.
func (r *run) expiredToken(ctx context.Context) error {
	secrets := r.client.CoreV1().Secrets(metav1.NamespaceSystem)
	err := secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "type=bootstrap.kubernetes.io/token"})
	if err != nil {
		return fmt.Errorf("removing the tokens: %w", err)
	}
	r.awsapi.Faults.Release(r.worker.node.JoinParameter)
	if err := wait(ctx, patience, func(ctx context.Context) error {
		journal, err := r.worker.Run(ctx, "journalctl", "--no-pager", "--boot", "--unit", "kubeadm-bootstrap")
		if err != nil {
			return err
		}
		if !strings.Contains(journal, "Unauthorized") {
			return errors.New("kubeadm join has not been refused yet")
		}
		return nil
	}); err != nil {
		return err
	}
	if _, err := r.control.Run(ctx, "systemctl", "start", "kubeadm-renew-join.service"); err != nil {
		return err
	}
	if _, err := r.worker.waitFor(ctx, bootLimit, kubeadm.PhaseReady); err != nil {
		return err
	}
	return wait(ctx, patience, func(ctx context.Context) error { return r.checkNode(ctx, r.client, r.options.Worker) })
}

// brokenPackage lets the mirror offer another version than the one that the user data names.
func (r *run) brokenPackage(ctx context.Context) error {
	if err := r.freshWorker(ctx); err != nil {
		return err
	}
	r.otherVersions.Store(true)
	defer r.otherVersions.Store(false)
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	if err := r.failedWith(ctx, "kubelet", "kubelet="+r.settings.KubernetesVersion+"-"+kubeadm.DefaultPackageRevision); err != nil {
		return err
	}
	// The mirror is mended. systemd tries again after a minute; a boot does so at once.
	r.otherVersions.Store(false)
	if err := r.worker.CutPower(); err != nil {
		return err
	}
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	if _, err := r.worker.waitFor(ctx, bootLimit, kubeadm.PhaseReady); err != nil {
		return err
	}
	return wait(ctx, patience, func(ctx context.Context) error { return r.checkNode(ctx, r.client, r.options.Worker) })
}

// cutWorker cuts a new worker's power in each of its steps.
func (r *run) cutWorker(ctx context.Context) error {
	if err := r.freshWorker(ctx); err != nil {
		return err
	}
	return r.cutEverywhere(ctx, r.worker, r.wholeWorker)
}

// cutEverywhere boots a machine with power cuts, and compares it with one that booted without.
func (r *run) cutEverywhere(ctx context.Context, m *Machine, whole fingerprint) error {
	cuts, err := m.bootWithPowerCuts(ctx)
	if err != nil {
		return err
	}
	if err := m.allDone(); err != nil {
		return err
	}
	found, err := m.fingerprint()
	if err != nil {
		return err
	}
	if changes := whole.kinds().differences(found.kinds()); len(changes) > 0 {
		return fmt.Errorf("after %d power cuts it is not what it is without:\n%s", cuts, strings.Join(changes, "\n"))
	}
	r.say("%s lost power %d times", m.aws.Name, cuts)
	return wait(ctx, patience, func(ctx context.Context) error { return r.checkNode(ctx, r.client, m.aws.Name) })
}
