package rehearsal

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/boot"
)

// reportUnreadyMachines adds a problem for each machine whose boot failed, and one for all that still wait: an update that
// fails leaves them waiting, and its own cause must not drown in theirs.
func (r *Rehearsal) reportUnreadyMachines() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, problem := range unready(r.status) {
		r.Problem("%s (log: %s)", problem, filepath.Join(r.state, "logs", "machines.log"))
	}
}

// unready returns the problems of the latest message of each machine.
func unready(status map[string]string) []string {
	var problems, waiting []string
	for _, machine := range slices.Sorted(maps.Keys(status)) {
		switch message := status[machine]; {
		case message == userdata.StepReady:
		case strings.HasPrefix(message, boot.Failed):
			problems = append(problems, fmt.Sprintf("machine %s: %s", machine, message))
		default:
			waiting = append(waiting, machine)
		}
	}
	if len(waiting) > 0 {
		problems = append(problems, "not ready yet: "+strings.Join(waiting, ", "))
	}
	return problems
}
