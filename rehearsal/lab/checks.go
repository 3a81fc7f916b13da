package lab

import (
	"context"
	"time"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
)

// recoveryTimeout is how long a running cluster may take to be complete again.
const recoveryTimeout = 3 * time.Minute

// setup returns the checks that make the cluster. They always run.
func (r *run) setup() []check {
	return []check{
		{"programs and base system", r.prepare},
		{"packages, images and network", r.publish},
		{"the program launches its instances", r.startProgram},
		{"the control plane boots from its user data", r.bootControlPlane},
		{"the worker boots from its user data", r.bootWorker},
		{"both nodes are Ready, with their labels, taints, pod capacity, addresses and provider IDs", r.checkNodes},
		{"a pod runs on the worker", r.firstPod},
	}
}

// checks returns those that can be selected by name.
func (r *run) checks() []check {
	return []check{
		{"the program completes", r.awaitProgram},
		{"every pod of kube-system is ready", r.systemPods},
		{"root alone reaches the metadata service", r.checkMetadataAccess},
		{"kube-bench: each control of the CIS benchmark passes, or has a reason", r.checkControls},
		{"kubelet holds a shutdown until its pods have ended", r.checkShutdownDelay},
		{"containers may open 65,536 files", r.checkOpenFiles},
		{"short-lived certificates are renewed, and the static pods run with the new ones", r.renewCertificates},
		{"the authorities and the key of tokens are rotated, with a power cut halfway: pods go on, former credentials are refused", r.rotateAuthorities},
		{"reboot of both: nothing changes", r.reboot},
		{"power cut of both: nothing changes", r.powerCut},
		{"a worker whose certificate has expired joins anew", r.rejoin},
		{"injected failures: a new worker starts", r.startWorkerWithFailures},
		{"injected failures: slow metadata service, retried", r.checkRetries(awsapi.SlowMetadata, slowCalls, "instance_id failed")},
		{"injected failures: throttled Systems Manager, retried", r.checkRetries(awsapi.Throttling, throttledCalls, "ThrottlingException")},
		{"injected failures: broken package mirror, retried", r.checkRetries(awsapi.BrokenMirror, brokenIndexes, "step "+userdata.StepContainerd)},
		{"injected failures: late answer to the join request (" + joinDelay.String() + " for ten minutes), awaited", r.lateAnswer},
		{"injected failures: the request is answered, and the worker joins", r.startApprover},
		{"a package in another version: the worker reports it, and recovers", r.wrongPackage},
		{"power cut in each step of a new worker: the same result", r.powerCutsWorker},
		{"the control-plane instance is replaced: the same cluster", r.replaceInstance},
		{"power cut in each step of a new control plane: the same result", r.powerCutsControlPlane},
		// Last, because a backup exists afterwards: a blank disk would not begin a new cluster.
		{"the control-plane instance and its data disk are replaced: the last backup is restored", r.replaceInstanceAndDisk},
	}
}

func (r *run) bootControlPlane(ctx context.Context) (err error) {
	if r.controlPlane, err = r.newInstance(ctx, r.controlPlaneName()); err != nil {
		return err
	}
	if err := r.controlPlane.boot(ctx); err != nil {
		return err
	}
	r.client, err = r.newClient(r.controlPlane)
	return err
}

func (r *run) bootWorker(ctx context.Context) (err error) {
	if r.worker, err = r.newInstance(ctx, r.options.Worker); err != nil {
		return err
	}
	return r.worker.boot(ctx)
}

func (r *run) checkNodes(ctx context.Context) error {
	for _, i := range []*instance{r.controlPlane, r.worker} {
		if err := i.checkCloudInit(ctx); err != nil {
			return err
		}
	}
	for _, i := range []*instance{r.controlPlane, r.worker} {
		if err := r.awaitNode(ctx, i); err != nil {
			return err
		}
		if r.registered[i.ec2.Name] == "" {
			r.registered[i.ec2.Name] = r.api.InstanceID(i.ec2)
		}
		if err := checkIdentity(ctx, r.client, r.settings.Region, r.registered[i.ec2.Name], i.ec2); err != nil {
			return err
		}
	}
	return nil
}

// awaitNode waits until an instance's node is Ready and as in the topology.
func (r *run) awaitNode(ctx context.Context, i *instance) error {
	return poll(ctx, recoveryTimeout, func(ctx context.Context) error { return r.checkNode(ctx, r.client, i.ec2.Name) })
}

func (r *run) firstPod(ctx context.Context) (err error) {
	if r.controlPlaneFiles, err = r.controlPlane.fingerprint(); err != nil {
		return err
	}
	if r.workerFiles, err = r.worker.fingerprint(); err != nil {
		return err
	}
	return r.runPod(ctx, r.client, "first")
}

func (r *run) systemPods(ctx context.Context) error {
	return poll(ctx, recoveryTimeout, func(ctx context.Context) error { return checkSystemPods(ctx, r.client) })
}
