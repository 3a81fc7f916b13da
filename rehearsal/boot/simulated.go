package boot

import (
	"context"
	"fmt"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Simulated returns an instance of the simulated AWS as a machine.
func Simulated(cloud *awssim.Cloud, m *awssim.Machine) Machine {
	root := 0
	for _, disk := range m.Volumes() {
		if disk.Root {
			root = disk.SizeGiB
		}
	}
	return Machine{
		ID: m.ID, InstanceType: m.InstanceType, Zone: m.Zone, PrivateIP: m.PrivateIP, UserData: m.UserData, RootGiB: root,
		Services: simulatedServices{cloud: cloud, machine: m},
	}
}

type simulatedServices struct {
	cloud   *awssim.Cloud
	machine *awssim.Machine
}

func (s simulatedServices) PutParameter(name, value string) error {
	return s.machine.PutParameter(name, value)
}

func (s simulatedServices) PutSecret(name, value, key string) error {
	return s.machine.PutSecret(name, value, key)
}

func (s simulatedServices) GetParameter(name string) (string, error) {
	return s.machine.GetParameter(name)
}

func (s simulatedServices) ParametersByPath(path string) (map[string]awssim.ParameterVersion, error) {
	return s.machine.ParametersByPath(path)
}

func (s simulatedServices) ParameterHistory(name string) (awssim.ParameterVersion, error) {
	return s.machine.ParameterHistory(name)
}

func (s simulatedServices) PutObject(bucket, key string, content []byte) error {
	return s.machine.PutObject(bucket, key, content)
}

func (s simulatedServices) GetObject(bucket, key string) ([]byte, error) {
	return s.machine.GetObject(bucket, key)
}

func (s simulatedServices) ListObjects(bucket, prefix string) ([]string, error) {
	return s.machine.ListObjects(bucket, prefix)
}

func (s simulatedServices) LeaveTargets(prefix string) ([]string, error) {
	return s.machine.LeaveTargets(prefix)
}

func (s simulatedServices) Internet(ctx context.Context) error { return s.machine.WaitForInternet(ctx) }

func (s simulatedServices) Reach(address string, port int) error {
	return s.cloud.Reach(awssim.Endpoint(s.machine.ID), awssim.Endpoint(address), "tcp", port)
}

// DataVolume returns the only disk besides the root disk, as the boot scripts do.
func (s simulatedServices) DataVolume(ctx context.Context) (string, error) {
	if err := s.machine.WaitForVolume(ctx); err != nil {
		return "", err
	}
	var found []string
	for _, disk := range s.machine.Volumes() {
		if !disk.Root {
			found = append(found, disk.ID)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("there are %d disks beside the root disk; one was expected", len(found))
	}
	return found[0], nil
}
