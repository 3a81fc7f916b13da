package kubeadm_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/securitygroup"
)

func flows(nodeExporter bool) []securitygroup.Rule {
	return kubeadm.Flows(kubeadm.FlowArgs{
		ControlPlane: []string{"control-plane"},
		All:          []string{"control-plane", "worker", "monitoring"},
		Monitoring:   []string{"monitoring"},
		NodeExporter: nodeExporter,
	})
}

// allows answers: may a member of one group reach a port on a member of another?
func allows(rules []securitygroup.Rule, from, to, protocol string, port int) bool {
	return slices.ContainsFunc(rules, func(rule securitygroup.Rule) bool {
		return rule.Group == to && slices.Contains(rule.From, from) && rule.Protocol == protocol && rule.FromPort <= port && port <= rule.ToPort
	})
}

func TestFlows_Reachability(t *testing.T) {
	t.Parallel()
	for _, question := range []struct {
		from, to, protocol string
		port               int
		want               bool
	}{
		{"worker", "control-plane", "tcp", 6443, true},
		{"control-plane", "control-plane", "tcp", 6443, true},
		{"control-plane", "worker", "tcp", 6443, false},
		{"worker", "control-plane", "tcp", 2379, false},
		{"control-plane", "control-plane", "tcp", 2380, true},
		{"control-plane", "worker", "tcp", 10250, true},
		{"monitoring", "worker", "tcp", 10250, true},
		{"monitoring", "control-plane", "tcp", 10250, true},
		{"worker", "monitoring", "tcp", 10250, false},
		{"worker", "monitoring", "udp", 4789, true},
		{"monitoring", "worker", "udp", 4789, true},
		{"worker", "worker", "udp", 4789, true},
		{"worker", "control-plane", "udp", 4789, true},
		{"worker", "worker", "tcp", 4789, false},
		{"worker", "monitoring", "tcp", 5473, true},
		{"monitoring", "worker", "tcp", 9100, false},
		{"worker", "worker", "tcp", 22, false},
	} {
		require.Equal(t, question.want, allows(flows(false), question.from, question.to, question.protocol, question.port), "%+v", question)
	}
	require.True(t, allows(flows(true), "monitoring", "worker", "tcp", 9100))
	require.False(t, allows(flows(true), "worker", "worker", "tcp", 9100))
}

func TestFlows_OnlyGivenGroups(t *testing.T) {
	t.Parallel()
	for _, rule := range flows(true) {
		require.NotEmpty(t, rule.From, "%+v", rule)
		require.Empty(t, rule.FromCIDRs, "nothing here is open to addresses: %+v", rule)
		require.NotEmpty(t, rule.Description)
		require.ElementsMatch(t, rule.From, slices.Compact(slices.Sorted(slices.Values(rule.From))), "a group stands twice: %+v", rule)
	}
}
