package lab

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/host"
)

// Machine is one machine of the program's, on a host of the lab's.
type Machine struct {
	*host.Host
	aws  *awssim.Machine
	node *userdata.Node
	lab  *Lab
}

// podRanges are the addresses of pods by host. They lie outside the pod network's range, since this is another network.
var podRanges = []string{"10.200.1.0/24", "10.200.2.0/24"}

// newMachine makes a host with a fresh root disk for one of the program's machines. Its data disk, if the program gives it
// one, is made at first and kept when the machine is replaced.
func (l *Lab) newMachine(ctx context.Context, name string) (*Machine, error) {
	aws, err := l.cloud.Machine(name)
	if err != nil {
		return nil, err
	}
	node, err := userdata.ParseNode(aws.UserData)
	if err != nil {
		return nil, fmt.Errorf("user data of %s: %w", name, err)
	}
	l.made++ // so that each machine has a console of its own
	h := &host.Host{Name: networkName + "-" + name, Root: l.path("hosts", name), Console: l.path("logs", fmt.Sprintf("%s-%d-console.log", name, l.made))}
	m := &Machine{Host: h, aws: aws, node: node, lab: l}
	device := ""
	if node.DataDisk {
		if l.disks[name] == nil {
			if l.disks[name], err = host.NewDisk(l.path("disks", name+".img")); err != nil {
				return nil, err
			}
		}
		device = l.disks[name].Device
		h.Devices = []string{device}
	}
	if h.Namespace, err = l.network.Join(name, aws.PrivateIP); err != nil {
		return nil, err
	}
	hw := hardware{instanceID: l.awsapi.InstanceID(aws), device: device, pods: podRanges[0]}
	if !node.ControlPlane {
		hw.pods = podRanges[1]
	}
	if hw.userData, err = base64.StdEncoding.DecodeString(aws.UserData); err != nil {
		return nil, fmt.Errorf("user data of %s: %w", name, err)
	}
	if err := l.writeRoot(ctx, h.Root, hw); err != nil {
		return nil, err
	}
	l.hosts = append(l.hosts, h)
	return m, nil
}

// writeRoot makes a root disk: the base, and what the lab changes on it.
func (l *Lab) writeRoot(ctx context.Context, root string, hw hardware) error {
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("removing an old root disk: %w", err)
	}
	if output, err := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", l.baseFolder, root).CombinedOutput(); err != nil {
		return fmt.Errorf("copying the base system: %w: %s", err, output)
	}
	for _, override := range overrides(hw) {
		if err := override.apply(root); err != nil {
			return err
		}
	}
	return nil
}

// discard switches the machine off and throws its root disk away. The data disk stays.
func (m *Machine) discard() error {
	if err := m.CutPower(); err != nil {
		return err
	}
	m.lab.hosts = slices.DeleteFunc(m.lab.hosts, func(h *host.Host) bool { return h == m.Host })
	if err := m.lab.network.Leave(m.aws.Name, m.aws.PrivateIP); err != nil {
		return err
	}
	if err := os.RemoveAll(m.Root); err != nil {
		return fmt.Errorf("removing the root disk of %s: %w", m.aws.Name, err)
	}
	return nil
}

// blankDiskOnceOff lets the node's next machine find a blank disk. The present one keeps its own while it runs.
func (l *Lab) blankDiskOnceOff(name string) error {
	disk, err := host.NewDisk(l.path("disks", fmt.Sprintf("%s-%d.img", name, l.made)))
	if err != nil {
		return err
	}
	l.retired = append(l.retired, l.disks[name])
	l.disks[name] = disk
	return nil
}

// blankDisk replaces a node's data disk by a new one.
func (l *Lab) blankDisk(name string) error {
	if disk := l.disks[name]; disk != nil {
		delete(l.disks, name)
		return disk.Detach()
	}
	return nil
}

// status is what the machine has published of itself.
func (m *Machine) status() (message kubeadm.StatusMessage, err error) {
	text, err := m.parameter(m.node.StatusParameter)
	if err != nil {
		return message, err
	}
	if text == kubeadm.PendingValue {
		return kubeadm.StatusMessage{Phase: kubeadm.PhasePending}, nil
	}
	return message, json.Unmarshal([]byte(text), &message)
}

// cloudInitDone checks that cloud-init has ended, found nothing wrong, and finds the user data valid.
func (m *Machine) cloudInitDone(ctx context.Context) error {
	status, err := m.Run(ctx, "cloud-init", "status", "--wait", "--long")
	if err != nil {
		return err
	}
	if !strings.Contains(status, "status: done") {
		return fmt.Errorf("cloud-init of %s says: %s", m.aws.Name, status)
	}
	valid, err := m.Run(ctx, "cloud-init", "schema", "--system")
	if err != nil {
		return err
	}
	if !strings.Contains(valid, "Valid cloud-config") || strings.Contains(m.consoleSince(0), "Invalid cloud-config") {
		return fmt.Errorf("cloud-init of %s finds its configuration wrong: %s", m.aws.Name, valid)
	}
	return nil
}

// parameter reads a parameter as Pulumi would, who may read all.
func (m *Machine) parameter(name string) (string, error) { return m.lab.cloud.Parameter(name) }

// waitFor waits until the machine has published a phase. A failure that is not waited for is final.
func (m *Machine) waitFor(ctx context.Context, limit time.Duration, phase string) (message kubeadm.StatusMessage, err error) {
	err = wait(ctx, limit, func(context.Context) (err error) {
		if !m.Running() {
			return final{fmt.Errorf("%s is switched off: see %s", m.aws.Name, m.Console)}
		}
		if message, err = m.status(); err != nil {
			return err
		}
		if message.Phase != phase || message.InstanceID != m.lab.awsapi.InstanceID(m.aws) {
			return fmt.Errorf("%s reports %s at step %q: %s", m.aws.Name, message.Phase, message.Step, message.Reason)
		}
		return nil
	})
	return message, err
}
