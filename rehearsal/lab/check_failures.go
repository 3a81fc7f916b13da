package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
)

// approveService answers the requests of joining nodes on the control plane.
const approveService = "kubeadm-approve.service"

// Failures that are injected into the boot of a worker.
const (
	// metadataDelay exceeds the scripts' timeout of the metadata service: each delayed call fails.
	metadataDelay  = 6 * time.Second
	slowCalls      = 2
	throttledCalls = 3
	brokenIndexes  = 2
	// joinDelay stands for ten minutes: the worker polls every two seconds in either case. Tests of components/kubeadm check
	// how long it polls.
	joinDelay = 20 * time.Second
)

// newWorker replaces the worker by a new instance with a blank data disk, and deletes its node.
func (r *run) newWorker(ctx context.Context) (err error) {
	if err := r.worker.terminate(); err != nil {
		return err
	}
	if err := r.deleteDataDisk(r.options.Worker); err != nil {
		return err
	}
	if err := r.client.CoreV1().Nodes().Delete(ctx, r.options.Worker, metav1.DeleteOptions{}); err != nil {
		return err
	}
	r.api.ReplaceInstance(r.worker.ec2)
	r.worker, err = r.newInstance(ctx, r.options.Worker)
	return err
}

// startWorkerWithFailures starts a new worker while all its sources are slow, throttled, broken or incomplete.
func (r *run) startWorkerWithFailures(ctx context.Context) error {
	if err := r.newWorker(ctx); err != nil {
		return err
	}
	r.api.InjectMetadataDelay(metadataDelay, slowCalls)
	r.api.InjectFailure(awsapi.Throttling, throttledCalls)
	r.api.InjectFailure(awsapi.BrokenMirror, brokenIndexes)
	if _, err := r.controlPlane.Run(ctx, "systemctl", "stop", approveService); err != nil {
		return err
	}
	return r.worker.Start(ctx)
}

// checkRetries checks that a failure was injected, that the console shows the text, and that no step has failed.
func (r *run) checkRetries(failure awsapi.Failure, count int, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		return poll(ctx, recoveryTimeout, func(context.Context) error {
			if injected := r.api.InjectedFailures(failure); injected < count {
				return fmt.Errorf("%s: injected %d of %d times", failure, injected, count)
			}
			console := r.worker.consoleSince(0)
			if !strings.Contains(console, text) {
				return fmt.Errorf("the console must contain %q: see %s", text, r.worker.Console)
			}
			if strings.Contains(console, "FAILED: ") {
				return permanentError{fmt.Errorf("a step failed: see %s", r.worker.Console)}
			}
			return nil
		})
	}
}

// lateAnswer checks that the worker still waits after joinDelay without an answer to its request.
func (r *run) lateAnswer(ctx context.Context) error {
	const text = "waiting: the control plane has not answered the request"
	if err := r.checkRetries(awsapi.BrokenMirror, brokenIndexes, text)(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(joinDelay):
	case <-ctx.Done():
		return ctx.Err()
	}
	status, err := r.worker.status()
	if err != nil {
		return err
	}
	if status.Phase != kubeadm.PhaseBooting || status.Step != userdata.StepWorker {
		return fmt.Errorf("the worker reports %s at step %q; it must be %s at step %q", status.Phase, status.Step, kubeadm.PhaseBooting, userdata.StepWorker)
	}
	return nil
}

// startApprover starts the service that answers requests; the worker must join.
func (r *run) startApprover(ctx context.Context) error {
	if _, err := r.controlPlane.Run(ctx, "systemctl", "start", approveService); err != nil {
		return err
	}
	if _, err := r.worker.awaitPhase(ctx, kubeadm.PhaseReady); err != nil {
		return err
	}
	return r.awaitNode(ctx, r.worker)
}

// wrongPackage boots a worker while the mirror has only another version than the user data names.
func (r *run) wrongPackage(ctx context.Context) error {
	if err := r.newWorker(ctx); err != nil {
		return err
	}
	r.wrongVersions.Store(true)
	defer r.wrongVersions.Store(false)
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	if err := r.awaitFailure(ctx, userdata.StepKubelet, "kubelet="+r.settings.KubernetesVersion+"-"+kubeadm.DefaultPackageRevision); err != nil {
		return err
	}
	// systemd would retry after a minute; a boot does so at once.
	r.wrongVersions.Store(false)
	if err := r.worker.CutPower(); err != nil {
		return err
	}
	if err := r.worker.boot(ctx); err != nil {
		return err
	}
	return r.awaitNode(ctx, r.worker)
}

// awaitFailure waits until the worker reports a failure, and checks its step and reason in status and console.
func (r *run) awaitFailure(ctx context.Context, step, reason string) error {
	status, err := r.worker.awaitPhase(ctx, kubeadm.PhaseFailed)
	if err != nil {
		return err
	}
	if status.Step != step || !strings.Contains(status.Reason, reason) {
		return fmt.Errorf("status: step %q must be %q and reason %q must contain %q", status.Step, step, status.Reason, reason)
	}
	if console := r.worker.consoleSince(0); !strings.Contains(console, "step "+step+" FAILED") || !strings.Contains(console, reason) {
		return fmt.Errorf("the console must contain the failed step %s and %q: see %s", step, reason, r.worker.Console)
	}
	return nil
}
