package boot

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// reporter publishes a machine's status, as the boot scripts do.
type reporter struct {
	machine   Machine
	parameter string
	step      string
}

// begin reports that a step has begun. As in the scripts, a failed report does not fail the boot.
func (r *reporter) begin(step string) error {
	r.step = step
	return r.report(kubeadm.PhaseBooting, "")
}

func (r *reporter) report(phase, reason string) error {
	message, err := json.Marshal(kubeadm.StatusMessage{
		InstanceID: r.machine.ID, Phase: phase, Step: r.step, Reason: reason, Time: time.Now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	if err := r.machine.PutParameter(r.parameter, string(message)); err != nil {
		return fmt.Errorf("publishing the status: %w", err)
	}
	return nil
}

// statusParameter returns the name of the status parameter even if the user data is invalid elsewhere, or "".
func statusParameter(userData string) string {
	document, err := userdata.Decode(userData)
	if err != nil {
		return ""
	}
	text, err := document.File(userdata.EnvironmentPath)
	if err != nil {
		return ""
	}
	variables, err := userdata.ParseEnvironment(text)
	if err != nil {
		return ""
	}
	return variables[userdata.EnvStatusParameter]
}
