package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
)

// bootTimeout is how long a boot may take on a busy machine with two CPUs.
const bootTimeout = 6 * time.Minute

// status returns the status that the instance has published.
func (i *instance) status() (message kubeadm.StatusMessage, err error) {
	text, err := i.lab.cloud.Parameter(i.node.StatusParameter)
	if err != nil {
		return message, err
	}
	if text == kubeadm.PendingValue {
		return kubeadm.StatusMessage{Phase: kubeadm.PhasePending}, nil
	}
	return message, json.Unmarshal([]byte(text), &message)
}

// awaitPhase waits until the instance has published a phase.
func (i *instance) awaitPhase(ctx context.Context, phase string) (message kubeadm.StatusMessage, err error) {
	err = poll(ctx, bootTimeout, func(context.Context) (err error) {
		if !i.Running() {
			return permanentError{fmt.Errorf("%s is not running: see %s", i.ec2.Name, i.Console)}
		}
		if message, err = i.status(); err != nil {
			return err
		}
		if message.Phase != phase || message.InstanceID != i.id() {
			return fmt.Errorf("%s reports %s at step %q: %s", i.ec2.Name, message.Phase, message.Step, message.Reason)
		}
		return nil
	})
	return message, err
}

// boot starts the instance and waits until it is Ready.
func (i *instance) boot(ctx context.Context) error {
	if err := i.Start(ctx); err != nil {
		return err
	}
	_, err := i.awaitPhase(ctx, kubeadm.PhaseReady)
	return err
}

// checkCloudInit checks that cloud-init has ended without an error and accepts the user data.
func (i *instance) checkCloudInit(ctx context.Context) error {
	status, err := i.Run(ctx, "cloud-init", "status", "--wait", "--long")
	if err != nil {
		return err
	}
	if !strings.Contains(status, "status: done") {
		return fmt.Errorf("cloud-init status of %s: %s", i.ec2.Name, status)
	}
	schema, err := i.Run(ctx, "cloud-init", "schema", "--system")
	if err != nil {
		return err
	}
	if !strings.Contains(schema, "Valid cloud-config") || strings.Contains(i.consoleSince(0), "Invalid cloud-config") {
		return fmt.Errorf("cloud-init schema of %s: %s", i.ec2.Name, schema)
	}
	return nil
}
