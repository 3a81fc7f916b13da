package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	beat "github.com/growbin/cluster/components/heartbeat"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/podidentity"
	"github.com/growbin/cluster/components/statusalarm"
)

// watchedNodes are those without which the cluster cannot tell that something is wrong.
func watchedNodes(nodes []Node) []string { return []string{ControlPlane(nodes).Name, nodeMonitoring} }

// AlarmPrefix begins the names of the stack's status alarms.
func (s *Settings) AlarmPrefix() string { return s.ClusterName() + "-alarms" }

// newStatusAlarms lets AWS watch the nodes on which the cluster's own alerts depend, if anyone is to be notified.
func newStatusAlarms(ctx *pulumi.Context, s *Settings, i *infrastructure, provider *aws.Provider) error {
	if len(s.AlarmEmails) == 0 {
		return nil
	}
	instances := map[string]pulumi.StringInput{}
	for _, name := range watchedNodes(s.Nodes) {
		instances[name] = i.Instances[name].InstanceID
	}
	args := &statusalarm.StatusAlarmsArgs{Emails: s.AlarmEmails, Instances: instances}
	if s.Domain != "" {
		args.Certificates = map[string]pulumi.StringInput{s.Domain: i.traffic.CertificateARN}
	}
	alarms, err := statusalarm.NewStatusAlarms(ctx, s.AlarmPrefix(), args, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	i.alarms = alarms
	return nil
}

// metricNamespace is that of the cluster's own metrics in CloudWatch.
const metricNamespace = "Growbin"

// deployHeartbeat lets AWS notice that the cluster, its monitoring or its way to the internet is dead, if anyone is to be notified.
func deployHeartbeat(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform, space *namespace.Namespace, place pod.Placement, watch pulumi.Resource) error {
	if c.alarms == nil {
		return nil
	}
	role, err := podidentity.NewRole(ctx, peerHeartbeat, &podidentity.RoleArgs{
		RoleName: s.ClusterName() + "-heartbeat", Issuer: c.Issuer, Namespace: namespaceMonitoring, ServiceAccount: peerHeartbeat,
		Statements: []kubeadm.Statement{{
			Sid: "Heartbeat", Actions: []string{"cloudwatch:PutMetricData"}, Resources: pulumi.StringArray{pulumi.String("*")}, // it supports no resources
			Condition: map[string]pulumi.Map{"StringEquals": {"cloudwatch:namespace": pulumi.String(metricNamespace)}},
		}},
	}, pulumi.Provider(c.aws))
	if err != nil {
		return err
	}
	beats, err := beat.NewHeartbeat(ctx, peerHeartbeat, &beat.HeartbeatArgs{
		Namespace: space.Name, Placement: place, Image: s.pinned(pins.AWSCLI), Region: s.Region, RoleARN: role.ARN,
		Cluster: s.ClusterName(), MetricNamespace: metricNamespace,
		AlertmanagerURL: fmt.Sprintf("http://%s.%s.svc:%d", monitoring.AlertmanagerService, namespaceMonitoring, monitoring.AlertmanagerPort),
	}, p.inCluster, pulumi.DependsOn([]pulumi.Resource{watch}))
	if err != nil {
		return err
	}
	silence, err := statusalarm.NewSilenceAlarm(ctx, s.AlarmPrefix()+"-heartbeat", &statusalarm.SilenceAlarmArgs{
		TopicARN: c.alarms.TopicARN, Namespace: metricNamespace, Metric: beat.Metric, Dimensions: map[string]string{beat.Dimension: s.ClusterName()},
		Description: s.ClusterName() + " has sent no heartbeat for 15 minutes: the control plane, monitoring or the way to the internet is down",
		Minutes:     15,
	}, pulumi.Provider(c.aws), pulumi.DependsOn([]pulumi.Resource{beats}))
	if err != nil {
		return err
	}
	c.alarms.Alarms = append(c.alarms.Alarms, silence)
	return nil
}
