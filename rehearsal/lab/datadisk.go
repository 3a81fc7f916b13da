package lab

import (
	"fmt"

	"github.com/growbin/cluster/rehearsal/lab/host"
)

// dataDisk returns a node's data disk, blank the first time.
func (l *Lab) dataDisk(node string) (*host.Disk, error) {
	if disk := l.dataDisks[node]; disk != nil {
		return disk, nil
	}
	disk, err := host.NewDisk(l.path("disks", node+".img"))
	if err != nil {
		return nil, err
	}
	l.dataDisks[node] = disk
	return disk, nil
}

// replaceDataDisk gives the node's next instance a blank data disk. The present instance keeps its own while it runs.
func (l *Lab) replaceDataDisk(node string) error {
	disk, err := host.NewDisk(l.path("disks", fmt.Sprintf("%s-%d.img", node, l.instances)))
	if err != nil {
		return err
	}
	l.retiredDisks = append(l.retiredDisks, l.dataDisks[node])
	l.dataDisks[node] = disk
	return nil
}

// deleteDataDisk detaches a node's data disk, if it has one. No instance may use it.
func (l *Lab) deleteDataDisk(node string) error {
	if disk := l.dataDisks[node]; disk != nil {
		delete(l.dataDisks, node)
		return disk.Detach()
	}
	return nil
}
