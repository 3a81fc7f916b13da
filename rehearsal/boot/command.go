package boot

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/nodecommand"
)

// Command simulates a shell command that Systems Manager runs on a machine as root, and returns its output. The hosts of a rehearsal
// run no shell: it knows the commands that growbin sends to the control plane, and does what they do there.
func (w *World) Command(ctx context.Context, m Machine, command string) (string, error) {
	w.mu.Lock()
	control := w.control
	w.mu.Unlock()
	title, _, _ := strings.Cut(command, "\n")
	if control == nil || control.machine != m.ID || control.cluster == nil {
		return "", fmt.Errorf("rehearsal/boot simulates commands of a control plane alone, and %s runs none: %s", m.ID, title)
	}
	w.log(m.ID, "Run Command: %s", title)
	switch identity, _ := strings.CutPrefix(command, kubeadm.RevokeCommand("")); {
	case command == kubeadm.BackupCommand:
		_, err := w.Backup(ctx, m)
		return "", err
	case roles[kubeadm.Identity(identity)] != "" && command == kubeadm.RevokeCommand(kubeadm.Identity(identity)):
		return "", w.Revoke(ctx, m, kubeadm.Identity(identity))
	case nodecommand.IsAudit(command):
		return shell(exec.CommandContext(ctx, "sh", "-c", strings.Replace(command, kubeadm.AuditLog, control.cluster.File(kubeadm.AuditLog), 1)))
	case command == nodecommand.RotateKey():
		return w.rotateKey(ctx, m, control)
	}
	return "", fmt.Errorf("rehearsal/boot has no simulation of the command %s", title)
}

// shell runs one of growbin's scripts on this host.
func shell(command *exec.Cmd) (string, error) {
	var failure strings.Builder
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		err = errors.Join(err, errors.New(failure.String()))
	}
	return string(out), err
}
