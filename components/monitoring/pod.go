package monitoring

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// What each container asks for and gets at most. Together the requests of all but node-exporter are 540m and 1.6 GiB:
// a node with 2 vCPU and 8 GiB, of which some 7 GiB are allocatable, has room to spare. Prometheus's limit is
// for 10 nodes and 100 pods: about 150,000 series at 8 KiB each, twice that while it compacts and answers.
var (
	prometheusResources       = sized(400, 1280, 1000, 3072)
	alertmanagerResources     = sized(20, 64, 100, 128)
	grafanaResources          = sized(100, 256, 500, 512)
	kubeStateMetricsResources = sized(20, 64, 100, 192)
	nodeExporterResources     = sized(20, 32, 200, 64)
)

func sized(requestCPU, requestMiB, limitCPU, limitMiB int) pod.Resources {
	return pod.Resources{
		Requests: pod.Amount{MilliCPU: requestCPU, MemoryMiB: requestMiB},
		Limits:   pod.Amount{MilliCPU: limitCPU, MemoryMiB: limitMiB},
	}
}

// nobody is the user of the Prometheus project's images and of kube-state-metrics's.
const nobody = 65534

// partOf marks everything made here, for network policies.
const partOf = "monitoring"

// pod starts the description of one part's pod, with the labels that its Service and its network policies select by.
func (b *builder) pod(part string, uid int) pod.Pod {
	labels := pod.Labels(part, b.name, part)
	labels["app.kubernetes.io/part-of"] = pulumi.String(partOf)
	return pod.Pod{
		Name: part, Namespace: b.args.Namespace, Labels: labels, Placement: b.args.Placement,
		UID: uid, GraceSeconds: 30,
	}
}

// meta is the metadata of a namespaced object of a pod, named as the pod is.
func meta(p pod.Pod) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: pulumi.String(p.Name), Namespace: p.Namespace, Labels: p.Labels}
}

// clusterMeta is the metadata of a cluster-wide object: the component's name keeps two sets apart.
func (b *builder) clusterMeta(p pod.Pod) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Name: pulumi.String(b.name + "-" + p.Name), Labels: p.Labels}
}

// useAccount lets a pod talk to the API server as an account; pods do not otherwise.
func useAccount(spec *corev1.PodSpecArgs, account *corev1.ServiceAccount) {
	spec.ServiceAccountName = account.Metadata.Name()
	spec.AutomountServiceAccountToken = pulumi.Bool(true)
}

// deployment runs one pod without a volume of its own.
func (b *builder) deployment(p pod.Pod, spec *corev1.PodSpecArgs, opts ...pulumi.ResourceOption) error {
	_, err := appsv1.NewDeployment(b.ctx, b.name+"-"+p.Name, &appsv1.DeploymentArgs{
		Metadata: meta(p),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: p.Labels},
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: p.Labels, Annotations: p.Annotations},
				Spec:     spec,
			},
		},
	}, append(opts, b.child())...)
	if err != nil {
		return fmt.Errorf("create Deployment %s: %w", p.Name, err)
	}
	return nil
}

// service gives a pod its stable name.
func (b *builder) service(p pod.Pod, port pod.Port) error {
	metadata := meta(p)
	metadata.Annotations = pod.NotAwaited()
	_, err := corev1.NewService(b.ctx, b.name+"-"+p.Name, &corev1.ServiceArgs{
		Metadata: metadata,
		Spec: &corev1.ServiceSpecArgs{
			Selector: p.Labels,
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(port.Name), Port: pulumi.Int(port.Number), TargetPort: pulumi.String(port.Name), Protocol: pulumi.String("TCP"),
			}},
		},
	}, b.child())
	if err != nil {
		return fmt.Errorf("create Service %s: %w", p.Name, err)
	}
	return nil
}
