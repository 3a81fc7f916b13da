// Package monitoring deploys Prometheus, Alertmanager, Grafana, kube-state-metrics and node-exporter on every node, with
// the rules and the dashboard that any cluster needs. Further rules and dashboards are arguments.
package monitoring

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/ports"
)

const monitoringType = "kubeadm-aws:monitoring:Monitoring"

// Names of the Services. They are constant, so that other objects can refer to them.
const (
	PrometheusService       = "prometheus"
	AlertmanagerService     = "alertmanager"
	GrafanaService          = "grafana"
	KubeStateMetricsService = "kube-state-metrics"
)

// TCP ports that the pods listen on; NodeExporterPort is open on the node itself.
const (
	PrometheusPort       = 9090
	AlertmanagerPort     = 9093
	GrafanaPort          = 3000
	KubeStateMetricsPort = 8080
	NodeExporterPort     = ports.NodeExporter
)

// KubeletPort is kubelet's port, which Prometheus scrapes on every node.
const KubeletPort = ports.Kubelet

// NodePorts returns the TCP ports that Prometheus must reach on every node. Traffic from a pod to a node has the address of
// the pod's node, so security groups must allow these ports from the node of Prometheus.
func NodePorts() []int { return []int{NodeExporterPort, KubeletPort} }

// Monitoring holds the credentials of the deployed Grafana.
type Monitoring struct {
	pulumi.ResourceState

	// GrafanaUser and GrafanaPassword are the credentials of Grafana's administrator. The password is generated and secret.
	GrafanaUser     pulumi.StringOutput `pulumi:"grafanaUser"`
	GrafanaPassword pulumi.StringOutput `pulumi:"grafanaPassword"`
}

// NewMonitoring deploys everything to one namespace, but node-exporter, which mounts the host's file system, to another.
func NewMonitoring(ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	if args == nil {
		return nil, fmt.Errorf("monitoring %s: no arguments given", name)
	}
	settings := args.withDefaults()
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	m := &Monitoring{}
	if err := ctx.RegisterComponentResource(monitoringType, name, m, opts...); err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: settings, parent: m}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("monitoring %s: %w", name, err)
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{
		"grafanaUser": m.GrafanaUser, "grafanaPassword": m.GrafanaPassword,
	})
}

// builder holds the values that all steps use.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *MonitoringArgs
	parent *Monitoring
}

// child returns the resource option of every child.
func (b *builder) child() pulumi.ResourceOption { return pulumi.Parent(b.parent) }

// after returns child with dependencies.
func (b *builder) after(needed ...pulumi.Resource) pulumi.ResourceOption {
	return pulumi.Composite(b.child(), pulumi.DependsOn(needed))
}

func (b *builder) build() error {
	steps := []struct {
		name   string
		create func() error
	}{
		{"node-exporter", b.nodeExporter},
		{"kube-state-metrics", b.kubeStateMetrics},
		{"Prometheus and Alertmanager", b.stores},
		{"Grafana", b.grafana},
	}
	for _, step := range steps {
		if err := step.create(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}
