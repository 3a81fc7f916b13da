package awssim

import (
	"slices"
	"strings"
)

const elb = "Elastic Load Balancing v2"

// LeaveTargets removes the machine from the target groups whose names begin with a prefix, with the permissions of its instance
// profile, and returns their ARNs.
func (m *Machine) LeaveTargets(prefix string) ([]string, error) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayBalance("DescribeTargetGroups", "*"); err != nil {
		return nil, err
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

// mayBalance decides whether the machine may make a call of the load balancing API.
func (m *Machine) mayBalance(operation, resource string) error {
	who, err := m.caller(operation)
	if err != nil {
		return err
	}
	return m.cloud.authorize(who, elb, operation, request{action: "elasticloadbalancing:" + operation, resource: resource})
}
