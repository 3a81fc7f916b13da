// Package monitoring watches a cluster: Prometheus, Alertmanager, Grafana, node-exporter on every node and
// kube-state-metrics, with the rules and dashboards that are made from the same arguments.
package monitoring

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/ports"
)

const monitoringType = "kubeadm-aws:monitoring:Monitoring"

// Names of the Services, the same in every cluster, so that others can be told of them beforehand.
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

// KubeletPort is kubelet's own, which Prometheus reads on every node.
const KubeletPort = ports.Kubelet

// NodePorts are the TCP ports that the node of Prometheus must reach on every other node: pods that leave the pod
// network are seen with their node's address, so a security group has to allow these from that node.
func NodePorts() []int { return []int{NodeExporterPort, KubeletPort} }

// Monitoring is the running set.
type Monitoring struct {
	pulumi.ResourceState

	// GrafanaUser and GrafanaPassword sign in to Grafana; the password is generated and secret.
	GrafanaUser     pulumi.StringOutput
	GrafanaPassword pulumi.StringOutput
}

// NewMonitoring creates the whole set in one namespace, which has to exist and to admit privileged pods:
// node-exporter looks at its host.
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

// builder carries what the steps share.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *MonitoringArgs
	parent *Monitoring
}

// child is the resource option of everything the component creates.
func (b *builder) child() pulumi.ResourceOption { return pulumi.Parent(b.parent) }

// after is child for what must be made after others.
func (b *builder) after(needed ...pulumi.Resource) pulumi.ResourceOption {
	return pulumi.Composite(b.child(), pulumi.DependsOn(needed))
}

func (b *builder) build() error {
	steps := []struct {
		what string
		make func() error
	}{
		{"node-exporter", b.nodeExporter},
		{"kube-state-metrics", b.kubeStateMetrics},
		{"Prometheus and Alertmanager", b.stores},
		{"Grafana", b.grafana},
	}
	for _, step := range steps {
		if err := step.make(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}
