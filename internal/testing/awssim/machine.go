package awssim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Machine is an instance as software on it sees it: its user data, its disks, its permissions. The fields are those
// at the time of the snapshot.
type Machine struct {
	// ID is EC2's identifier, Name the Name tag or, without one, the identifier.
	ID, Name string
	// InstanceType names the type, for example "t3.large"; VCPUs and MemoryMiB are its size.
	InstanceType string
	VCPUs        int
	MemoryMiB    int
	// Zone is the availability zone, SubnetID the subnet, ImageID the machine image.
	Zone, SubnetID, ImageID string
	// PrivateIP and PublicIP are IPv4 addresses; PublicIP is empty without one.
	PrivateIP, PublicIP string
	// UserData is in base64, as EC2 keeps it.
	UserData string
	// SecurityGroupIDs are those of its network interface.
	SecurityGroupIDs []string
	// InstanceProfile names the IAM instance profile, Tags are the instance's own.
	InstanceProfile string
	Tags            map[string]string

	cloud *Cloud
}

// Disk is a volume attached to a machine.
type Disk struct {
	// ID is the volume's identifier, Device where it is attached, for example "/dev/sdf".
	ID, Device string
	SizeGiB    int
	// Root marks the disk the machine boots from.
	Root bool
}

// machine takes a snapshot; the cloud must be locked.
func (c *Cloud) machine(i *instance) *Machine {
	m := &Machine{
		ID: i.id, Name: i.displayName(), InstanceType: i.kind.name, VCPUs: i.kind.vCPUs, MemoryMiB: i.kind.memoryMiB,
		Zone: i.subnet.zone.name, SubnetID: i.subnet.id, ImageID: i.image.id, PrivateIP: i.private.String(), UserData: i.userData,
		InstanceProfile: i.profile, Tags: maps.Clone(i.tags), cloud: c,
	}
	if public, ok := i.publicAddress(); ok {
		m.PublicIP = public.String()
	}
	for _, g := range i.groups {
		m.SecurityGroupIDs = append(m.SecurityGroupIDs, g.id)
	}
	return m
}

// Cloud is the account that the machine runs in.
func (m *Machine) Cloud() *Cloud { return m.cloud }

// Machines lists the running machines by name.
func (c *Cloud) Machines() []*Machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	byName := map[string]*Machine{}
	for id, i := range c.instances {
		byName[i.displayName()+"\x00"+id] = c.machine(i)
	}
	var out []*Machine
	for _, key := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[key])
	}
	return out
}

// Machine finds a machine by identifier or Name tag.
func (c *Cloud) Machine(nameOrID string) (*Machine, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.instanceByName(nameOrID)
	if err != nil {
		return nil, err
	}
	return c.machine(i), nil
}

func (c *Cloud) instanceByName(nameOrID string) (*instance, error) {
	if i := c.instances[nameOrID]; i != nil {
		return i, nil
	}
	var found []*instance
	for _, i := range c.instances {
		if i.tags["Name"] == nameOrID {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no machine %q", nameOrID)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d machines are named %q: use an identifier", len(found), nameOrID)
}

// Volumes are the disks attached now, by device.
func (m *Machine) Volumes() []Disk {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	i := m.cloud.instances[m.ID]
	if i == nil {
		return nil
	}
	var out []Disk
	for _, device := range slices.Sorted(maps.Keys(i.devices)) {
		v := i.devices[device]
		out = append(out, Disk{ID: v.id, Device: device, SizeGiB: v.sizeGiB, Root: v == i.root})
	}
	return out
}

// WaitForVolume waits until a disk besides the root one is attached.
func (m *Machine) WaitForVolume(ctx context.Context) error {
	for {
		m.cloud.mu.Lock()
		i := m.cloud.instances[m.ID]
		if i == nil {
			m.cloud.mu.Unlock()
			return fmt.Errorf("machine %s was terminated before a data volume was attached", m.Name)
		}
		attached, plugged, ended := len(i.devices) > 1, i.plugged, i.running.Done()
		m.cloud.mu.Unlock()
		if attached {
			return nil
		}
		select {
		case <-plugged:
		case <-ended:
			return fmt.Errorf("machine %s was terminated before a data volume was attached", m.Name)
		case <-ctx.Done():
			return fmt.Errorf("machine %s waited for a data volume: %w", m.Name, ctx.Err())
		}
	}
}

// Internet returns why the machine cannot reach the internet over HTTPS, or nil.
func (m *Machine) Internet() error { return m.cloud.Reach(Endpoint(m.ID), Internet, "tcp", 443) }

// WaitForInternet waits until the internet is reachable: a program may create routes and rules after instances, and the
// boot of a real machine retries.
func (m *Machine) WaitForInternet(ctx context.Context) error {
	const pause = 20 * time.Millisecond
	for {
		err := m.Internet()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("machine %s waited for a way to the internet: %w", m.Name, err)
		}
	}
}
