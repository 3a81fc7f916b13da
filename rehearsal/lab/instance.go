package lab

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/host"
)

// instance is an EC2 instance of the program, on a host of the lab.
type instance struct {
	*host.Host
	lab *Lab
	ec2 *awssim.Machine
	// node is read from the user data.
	node *userdata.Node
}

// Address ranges of pods. They lie outside the program's pod network, because the lab's hosts do not share one.
const (
	controlPlanePodRange = "10.200.1.0/24"
	workerPodRange       = "10.200.2.0/24"
)

var errClosed = errors.New("the lab was closed")

// newInstance creates a host with a new root disk for an instance of the program. The data disk, if the program attaches
// one, is created blank the first time and kept when the instance is replaced.
func (l *Lab) newInstance(ctx context.Context, name string) (*instance, error) {
	l.hostMu.Lock()
	defer l.hostMu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	ec2, err := l.cloud.Machine(name)
	if err != nil {
		return nil, err
	}
	node, err := userdata.ParseNode(ec2.UserData)
	if err != nil {
		return nil, fmt.Errorf("user data of %s: %w", name, err)
	}
	l.instances++ // so that each has its own console
	h := &host.Host{Name: networkName + "-" + name, Root: l.path("hosts", name), Console: l.path("logs", fmt.Sprintf("%s-%d-console.log", name, l.instances))}
	i := &instance{Host: h, lab: l, ec2: ec2, node: node}
	hw := hardware{instanceID: i.id(), podRange: workerPodRange}
	if node.ControlPlane {
		hw.podRange = controlPlanePodRange
	}
	if node.DataDisk {
		disk, err := l.dataDisk(name)
		if err != nil {
			return nil, err
		}
		hw.dataDevice, h.Devices = disk.Device, []string{disk.Device}
	}
	if h.Namespace, err = l.network.Join(name, ec2.PrivateIP); err != nil {
		return nil, err
	}
	if l.options.Whole { // pods on different hosts reach each other
		if hw.podRange, err = l.routePods(ec2); err != nil {
			return nil, err
		}
		hw.podNetwork = l.settings.PodCIDR
	}
	if hw.userData, err = base64.StdEncoding.DecodeString(ec2.UserData); err != nil {
		return nil, fmt.Errorf("user data of %s: %w", name, err)
	}
	if err := l.writeRootDisk(ctx, h.Root, hw); err != nil {
		return nil, err
	}
	l.hosts = append(l.hosts, h)
	return i, nil
}

// id returns the instance ID that the metadata service reports.
func (i *instance) id() string { return i.lab.api.InstanceID(i.ec2) }

// copyBase copies the base system $1 to $2. Packages replace files below /usr and never write into them, so that all hosts
// share those by hard links.
const copyBase = `mkdir -p "$2"
find "$1" -mindepth 1 -maxdepth 1 ! -name usr -exec cp -a --reflink=auto -t "$2" {} +
cp -al "$1/usr" "$2/usr"`

// writeRootDisk copies the base system and applies the overrides.
func (l *Lab) writeRootDisk(ctx context.Context, root string, hw hardware) error {
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("removing an old root disk: %w", err)
	}
	if output, err := exec.CommandContext(ctx, "sh", "-euc", copyBase, "sh", l.base, root).CombinedOutput(); err != nil {
		return fmt.Errorf("copying the base system: %w: %s", err, output)
	}
	for _, override := range overrides(hw) {
		if err := override.apply(root); err != nil {
			return err
		}
	}
	return nil
}

// terminate cuts the instance's power and deletes its root disk. Its data disk is kept.
func (i *instance) terminate() error {
	if err := i.CutPower(); err != nil {
		return err
	}
	i.lab.hostMu.Lock()
	defer i.lab.hostMu.Unlock()
	i.lab.hosts = slices.DeleteFunc(i.lab.hosts, func(h *host.Host) bool { return h == i.Host })
	if err := i.lab.network.Leave(i.ec2.Name, i.ec2.PrivateIP); err != nil {
		return err
	}
	if err := os.RemoveAll(i.Root); err != nil {
		return fmt.Errorf("removing the root disk of %s: %w", i.ec2.Name, err)
	}
	return nil
}
