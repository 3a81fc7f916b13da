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

// begin reports that a step has begun. Like the scripts it goes on when that cannot be reported.
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

// statusParameter finds where to report even when the user data is wrong elsewhere; it is empty when that cannot be known.
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
