package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/statusalarm"
)

// watchedNodes are those without which the cluster cannot tell that something is wrong.
func watchedNodes(nodes []Node) []string { return []string{ControlPlane(nodes).Name, nodeMonitoring} }

// AlarmPrefix begins the names of the stack's status alarms.
func (s *Settings) AlarmPrefix() string { return s.ClusterName() + "-alarms" }

// newStatusAlarms lets AWS watch the nodes on which the cluster's own alerts depend, if anyone is to be notified; nil otherwise.
func newStatusAlarms(ctx *pulumi.Context, s *Settings, i *infrastructure, provider *aws.Provider) (*statusalarm.StatusAlarms, error) {
	if len(s.AlarmEmails) == 0 {
		return nil, nil
	}
	instances := map[string]pulumi.StringInput{}
	for _, name := range watchedNodes(s.Nodes) {
		instances[name] = i.Instances[name].InstanceID
	}
	return statusalarm.NewStatusAlarms(ctx, s.AlarmPrefix(), &statusalarm.StatusAlarmsArgs{
		Emails: s.AlarmEmails, Instances: instances,
	}, pulumi.Provider(provider))
}
