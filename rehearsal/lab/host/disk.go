package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// diskBytes is the size of a data disk. Its file is sparse.
const diskBytes = 4 << 30

// Disk is a loop device.
type Disk struct {
	// File holds the content, Device is the path of the block device.
	File, Device string
}

// NewDisk creates a blank disk.
func NewDisk(file string) (*Disk, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("creating a disk: %w", err)
	}
	created, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("creating a disk: %w", err)
	}
	defer created.Close()
	if err := created.Truncate(diskBytes); err != nil {
		return nil, fmt.Errorf("creating a disk: %w", err)
	}
	output, err := exec.Command("losetup", "--find", "--show", file).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("attaching %s: %w: %s", file, err, output)
	}
	return &Disk{File: file, Device: strings.TrimSpace(string(output))}, nil
}

// Detach releases the loop device.
func (d *Disk) Detach() error {
	if output, err := exec.Command("losetup", "--detach", d.Device).CombinedOutput(); err != nil {
		return fmt.Errorf("detaching %s: %w: %s", d.Device, err, output)
	}
	return nil
}

// DetachAll releases the loop devices of all files below a directory, which an earlier run may have left.
func DetachAll(directory string) error {
	output, err := exec.Command("losetup", "--noheadings", "--list", "--output", "NAME,BACK-FILE").Output()
	if err != nil {
		return fmt.Errorf("listing loop devices: %w", err)
	}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[1], directory+"/") {
			continue
		}
		if err := (&Disk{Device: fields[0]}).Detach(); err != nil {
			return err
		}
	}
	return nil
}
