package main

import (
	"context"
	"fmt"

	"github.com/growbin/cluster/internal/awssim"
	"github.com/growbin/cluster/rehearsal/boot"
)

// services let a booting machine ask the simulated AWS.
type services struct {
	*awssim.Machine
	cloud *awssim.Cloud
}

// DataVolume waits for a second disk and returns its identifier.
func (s services) DataVolume(ctx context.Context) (string, error) {
	if err := s.WaitForVolume(ctx); err != nil {
		return "", err
	}
	for _, disk := range s.Volumes() {
		if !disk.Root {
			return disk.ID, nil
		}
	}
	return "", fmt.Errorf("machine %s lost its data volume", s.Name)
}

// Reach asks routes and security groups.
func (s services) Reach(address string, port int) error {
	return s.cloud.Reach(awssim.Endpoint(s.ID), awssim.Endpoint(address), "tcp", port)
}

// asBooting describes a simulated instance to the world that boots it.
func asBooting(cloud *awssim.Cloud, m *awssim.Machine) boot.Machine {
	booting := boot.Machine{
		ID: m.ID, InstanceType: m.InstanceType, PrivateIP: m.PrivateIP, UserData: m.UserData, Services: services{m, cloud},
	}
	for _, disk := range m.Volumes() {
		if disk.Root {
			booting.RootGiB = disk.SizeGiB
		}
	}
	return booting
}
