package awssim

import (
	"slices"
	"strings"
)

const elb = "Elastic Load Balancing v2"

// LeaveTargets removes the machine from all target groups that it is in, with the permissions of its instance profile, and returns
// their ARNs. A group whose name does not begin with the prefix stays.
func (m *Machine) LeaveTargets(prefix string) ([]string, error) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	for _, operation := range []string{"DescribeTargetGroups", "DescribeTargetHealth"} {
		if err := m.mayBalance(operation, "*"); err != nil {
			return nil, err
		}
	}
	var left []string
	for arn, g := range m.cloud.targetGroups {
		for _, a := range g.targets {
			if a.target != m.ID || a.left || !strings.HasPrefix(g.name, prefix) {
				continue
			}
			if err := m.mayBalance("DeregisterTargets", arn); err != nil {
				return nil, err
			}
			a.left = true
			left = append(left, arn)
		}
	}
	slices.Sort(left)
	return left, nil
}

// JoinTargets registers the machine in target groups that it has left.
func (m *Machine) JoinTargets(arns []string) error {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	for _, arn := range arns {
		g, err := m.cloud.targetGroupNamed("RegisterTargets", arn)
		if err != nil {
			return err
		}
		if err := m.mayBalance("RegisterTargets", arn); err != nil {
			return err
		}
		for _, a := range g.targets {
			if a.target == m.ID {
				a.left = false
			}
		}
	}
	return nil
}

// mayBalance decides whether the machine may make a call of the load balancing API.
func (m *Machine) mayBalance(operation, resource string) error {
	who, err := m.caller(operation)
	if err != nil {
		return err
	}
	return m.cloud.authorize(who, elb, operation, request{action: "elasticloadbalancing:" + operation, resource: resource})
}
