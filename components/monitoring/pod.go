package monitoring

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// Resources of the containers. The requests of all but node-exporter are 540m and 1.6 GiB together, which fits a node with
// 2 vCPU and 8 GiB (about 7 GiB allocatable). Prometheus's limit is for 10 nodes and 100 pods: about 150,000 series of
// 8 KiB each, and twice that during compaction and queries.
var (
	prometheusResources       = sized(400, 1280, 1000, 3072)
	alertmanagerResources     = sized(20, 64, 100, 128)
	grafanaResources          = sized(100, 256, 500, 512)
	kubeStateMetricsResources = sized(20, 64, 100, 192)
	nodeExporterResources     = sized(20, 32, 200, 64)
)

// sized takes thousandths of a CPU and MiB.
func sized(requestCPU, requestMiB, limitCPU, limitMiB int) pod.Resources {
	return pod.Resources{
		Requests: pod.Amount{MilliCPU: requestCPU, MemoryMiB: requestMiB},
		Limits:   pod.Amount{MilliCPU: limitCPU, MemoryMiB: limitMiB},
	}
}

// nobody is the user of the images of Prometheus and kube-state-metrics.
const nobody = 65534

// partOf labels all pods, for network policies.
const partOf = "monitoring"

// pod returns a part's pod without containers, with the labels that its Service and network policies select by.
func (b *builder) pod(part string, uid int) pod.Pod {
	labels := pod.Labels(part, b.name, part)
	labels["app.kubernetes.io/part-of"] = pulumi.String(partOf)
	return pod.Pod{
		Name: part, Namespace: b.args.Namespace, Labels: labels, Placement: b.args.Placement,
		UID: uid, GraceSeconds: 30,
	}
}

// metadata returns the metadata of a pod's object, named like the pod.
func metadata(p pod.Pod) *meta.ObjectMetaArgs {
	return &meta.ObjectMetaArgs{Name: pulumi.String(p.Name), Namespace: p.Namespace, Labels: p.Labels}
}

// clusterMetadata returns the metadata of a cluster-scoped object. The component's name makes it unique.
func (b *builder) clusterMetadata(p pod.Pod) *meta.ObjectMetaArgs {
	return &meta.ObjectMetaArgs{Name: pulumi.String(b.name + "-" + p.Name), Labels: p.Labels}
}

// useAccount gives a pod the token of a service account; by default pods have none.
func useAccount(spec *core.PodSpecArgs, account *core.ServiceAccount) {
	spec.ServiceAccountName = account.Metadata.Name()
	spec.AutomountServiceAccountToken = pulumi.Bool(true)
}

// deployment runs one replica of a pod without persistent data.
func (b *builder) deployment(p pod.Pod, spec *core.PodSpecArgs, opts ...pulumi.ResourceOption) error {
	_, err := apps.NewDeployment(b.ctx, b.name+"-"+p.Name, &apps.DeploymentArgs{
		Metadata: metadata(p),
		Spec: &apps.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &meta.LabelSelectorArgs{MatchLabels: p.Labels},
			Strategy: &apps.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &core.PodTemplateSpecArgs{
				Metadata: &meta.ObjectMetaArgs{Labels: p.Labels, Annotations: p.Annotations},
				Spec:     spec,
			},
		},
	}, append(opts, b.child())...)
	if err != nil {
		return fmt.Errorf("create Deployment %s: %w", p.Name, err)
	}
	return nil
}

// service creates a pod's Service, with a port on every node unless nodePort is 0.
func (b *builder) service(p pod.Pod, port pod.Port, nodePort int) error {
	described := metadata(p)
	described.Annotations = pod.NotAwaited()
	_, err := core.NewService(b.ctx, b.name+"-"+p.Name, &core.ServiceArgs{
		Metadata: described,
		Spec:     pod.ServiceSpec(p.Labels, nodePort, port),
	}, b.child())
	if err != nil {
		return fmt.Errorf("create Service %s: %w", p.Name, err)
	}
	return nil
}
