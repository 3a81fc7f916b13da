package boot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// simulated maps the boot steps of the user data to their simulations. A step without one concerns the host alone, which a
// simulated instance does not have.
var simulated = map[string]func(*attempt, context.Context) error{
	userdata.StepHost:         nil,
	userdata.StepPackages:     (*attempt).packages,
	userdata.StepContainerd:   nil,
	userdata.StepKubelet:      nil,
	userdata.StepDataDisk:     (*attempt).dataDisk,
	userdata.StepRestore:      (*attempt).restore,
	userdata.StepControlPlane: (*attempt).controlPlane,
	userdata.StepRenew:        nil,
	userdata.StepPublish:      (*attempt).publish,
	userdata.StepWorker:       (*attempt).worker,
}

// attempt is one run of an instance's boot steps.
type attempt struct {
	*World
	machine Machine
	node    *userdata.Node
	status  *reporter

	// programs are the paths of the control plane's programs, after the step packages.
	programs map[string]string
	// volume is the folder of the data volume, or of the root disk if there is none.
	volume string
	// joining is a worker's request, nil before it asks.
	joining *joining
	// running is the control plane, after its step.
	running *cluster.Cluster
}

// run runs the steps in the order of the user data. A control plane that a failed attempt has started is stopped.
func (a *attempt) run(ctx context.Context) error {
	a.volume = filepath.Join(a.machineDir(a.machine.ID), "data")
	for _, step := range a.node.Steps {
		simulate, known := simulated[step]
		if !known {
			return fmt.Errorf("boot step %s cannot be rehearsed: add its simulation", step)
		}
		if simulate == nil {
			continue
		}
		a.log(a.node.Name, "%s", step)
		if err := a.status.begin(step); err != nil {
			a.log(a.node.Name, "%v", err)
		}
		if err := simulate(a, ctx); err != nil {
			a.stopControlPlane(a.machine.ID)
			return err
		}
	}
	return nil
}

// packages waits until the package repositories can be reached, where a real instance would get its programs.
func (a *attempt) packages(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, a.options.ServiceWait)
	defer cancel()
	if err := a.machine.Internet(waiting); err != nil {
		return fmt.Errorf("packages cannot be fetched: %w", err)
	}
	var err error
	a.programs, err = a.options.Programs(ctx, a.node.KubernetesVersion)
	return err
}

// dataDisk waits for the data volume.
func (a *attempt) dataDisk(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.options.ServiceWait)
	defer cancel()
	id, err := a.machine.DataVolume(ctx)
	if err != nil {
		return fmt.Errorf("no data volume: %w", err)
	}
	a.volume = a.volumeDir(id)
	if err := os.MkdirAll(a.volume, 0o700); err != nil { // as a blank volume gets a file system
		return fmt.Errorf("volume %s: %w", id, err)
	}
	return nil
}

func (w *World) log(machine, format string, args ...any) {
	w.options.Log(machine, fmt.Sprintf(format, args...))
}
