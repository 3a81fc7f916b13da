package lab

import (
	"context"
	"fmt"
	"strings"
)

// powerCutsWorker cuts the power of a new worker in each of its steps.
func (r *run) powerCutsWorker(ctx context.Context) error {
	if err := r.newWorker(ctx); err != nil {
		return err
	}
	if err := r.checkPowerCuts(ctx, r.worker, r.workerFiles); err != nil {
		return err
	}
	return r.awaitNode(ctx, r.worker)
}

// powerCutsControlPlane makes a new cluster on blank disks and cuts the power of its control plane in each step.
func (r *run) powerCutsControlPlane(ctx context.Context) (err error) {
	for _, i := range []*instance{r.worker, r.controlPlane} {
		if err := i.terminate(); err != nil {
			return err
		}
		if err := r.deleteDataDisk(i.ec2.Name); err != nil {
			return err
		}
		r.api.ReplaceInstance(i.ec2)
	}
	clear(r.registered) // a new cluster has no Node yet
	if r.controlPlane, err = r.newInstance(ctx, r.controlPlaneName()); err != nil {
		return err
	}
	if err := r.checkPowerCuts(ctx, r.controlPlane, r.controlPlaneFiles); err != nil {
		return err
	}
	if r.client, err = r.newClient(r.controlPlane); err != nil {
		return err
	}
	if err := r.bootWorker(ctx); err != nil {
		return err
	}
	if err := r.checkNodes(ctx); err != nil {
		return err
	}
	return r.runPod(ctx, r.client, "second-cluster")
}

// checkPowerCuts boots an instance with power cuts and compares it with one that booted without.
func (r *run) checkPowerCuts(ctx context.Context, i *instance, undisturbed fingerprint) error {
	cuts, err := i.bootWithPowerCuts(ctx)
	if err != nil {
		return err
	}
	r.printf("%d power cuts of %s", cuts, i.ec2.Name)
	if err := i.checkSteps(); err != nil {
		return err
	}
	files, err := i.fingerprint()
	if err != nil {
		return err
	}
	if changes := undisturbed.withoutUnique().differences(files.withoutUnique()); len(changes) > 0 {
		return fmt.Errorf("compared with a boot without power cuts:\n%s", strings.Join(changes, "\n"))
	}
	return nil
}
