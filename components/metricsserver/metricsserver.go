// Package metricsserver serves the CPU and memory of pods and nodes in the API server, for autoscalers and kubectl top.
package metricsserver

import (
	"fmt"

	apiregistration "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiregistration/v1"
	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

const metricsServerType = "kubeadm-aws:metricsserver:MetricsServer"

// Name is that of the Deployment and of the Service.
const Name = "metrics-server"

// Port is the TCP port of the pod, which the API server connects to.
const Port = 4443

// user is that of the image.
const user = 1000

// MetricsServerArgs configures the server.
type MetricsServerArgs struct {
	// Namespace of all objects but those of the cluster; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Placement selects a node that reaches the kubelets of all nodes.
	Placement pod.Placement `pulumi:"placement"`
	// Image of the server; that of package pins when empty.
	Image string `pulumi:"image"`
}

// MetricsServer is one replica of the server with its API.
type MetricsServer struct {
	pulumi.ResourceState
}

// Validate returns all problems of the arguments, joined.
func (a *MetricsServerArgs) Validate() error {
	var problems validation.Problems
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the server")
	}
	problems.Include("Placement", a.Placement.Validate())
	if a.Image != "" {
		pod.ValidateImage(&problems, "Image", a.Image)
	}
	return problems.Err()
}

// NewMetricsServer creates the server and registers its API.
func NewMetricsServer(ctx *pulumi.Context, name string, args *MetricsServerArgs, opts ...pulumi.ResourceOption) (*MetricsServer, error) {
	if args == nil {
		return nil, fmt.Errorf("metrics server %s: args must not be nil", name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("metrics server %s: %w", name, err)
	}
	m := &MetricsServer{}
	if err := ctx.RegisterComponentResource(metricsServerType, name, m, opts...); err != nil {
		return nil, fmt.Errorf("metrics server %s: %w", name, err)
	}
	if err := m.objects(ctx, name, args); err != nil {
		return nil, fmt.Errorf("metrics server %s: %w", name, err)
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{})
}

func (m *MetricsServer) objects(ctx *pulumi.Context, name string, args *MetricsServerArgs) error {
	parent := pulumi.Parent(m)
	labels := pod.Labels(Name, name, "server")
	metadata := func() *meta.ObjectMetaArgs {
		return &meta.ObjectMetaArgs{Name: pulumi.String(Name), Namespace: args.Namespace.ToStringOutput(), Labels: labels}
	}
	account, err := core.NewServiceAccount(ctx, name, &core.ServiceAccountArgs{Metadata: metadata(), AutomountServiceAccountToken: pulumi.Bool(false)}, parent)
	if err != nil {
		return err
	}
	rights, err := grant(ctx, name, account, labels, parent)
	if err != nil {
		return err
	}
	deployment, err := apps.NewDeployment(ctx, name, &apps.DeploymentArgs{
		Metadata: metadata(),
		Spec: &apps.DeploymentSpecArgs{
			Replicas: pulumi.Int(1), Selector: &meta.LabelSelectorArgs{MatchLabels: labels},
			Template: &core.PodTemplateSpecArgs{Metadata: &meta.ObjectMetaArgs{Labels: labels}, Spec: args.podSpec(labels, account)},
		},
	}, parent, pulumi.DependsOn(rights))
	if err != nil {
		return err
	}
	exposed := metadata()
	exposed.Annotations = pod.NotAwaited()
	service, err := core.NewService(ctx, name, &core.ServiceArgs{Metadata: exposed, Spec: &core.ServiceSpecArgs{
		Selector: labels,
		Ports:    core.ServicePortArray{core.ServicePortArgs{Name: pulumi.String("https"), Port: pulumi.Int(443), TargetPort: pulumi.String("https")}},
	}}, parent)
	if err != nil {
		return err
	}
	// After the Deployment, and deleted before it: an API without its server keeps every namespace from being deleted.
	_, err = apiregistration.NewAPIService(ctx, name, &apiregistration.APIServiceArgs{
		Metadata: &meta.ObjectMetaArgs{Name: pulumi.String("v1beta1.metrics.k8s.io"), Labels: labels},
		Spec: &apiregistration.APIServiceSpecArgs{
			Group: pulumi.String("metrics.k8s.io"), Version: pulumi.String("v1beta1"), GroupPriorityMinimum: pulumi.Int(100), VersionPriority: pulumi.Int(100),
			Service: &apiregistration.ServiceReferenceArgs{Namespace: args.Namespace, Name: pulumi.String(Name), Port: pulumi.Int(443)},
			// The server makes its own certificate at each start.
			InsecureSkipTLSVerify: pulumi.Bool(true),
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{deployment, service}))
	return err
}

func (a *MetricsServerArgs) podSpec(labels pulumi.StringMap, account *core.ServiceAccount) *core.PodSpecArgs {
	image := a.Image
	if image == "" {
		image = pins.MetricsServer
	}
	port := pod.Port{Name: "https", Number: Port}
	probe := func(path string) *core.ProbeArgs {
		return &core.ProbeArgs{
			HttpGet:       &core.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port.Name), Scheme: pulumi.String("HTTPS")},
			PeriodSeconds: pulumi.Int(10), FailureThreshold: pulumi.Int(3), InitialDelaySeconds: pulumi.Int(20),
		}
	}
	spec := pod.Pod{
		Name: Name, Namespace: a.Namespace, Labels: labels, Placement: a.Placement, UID: user, GraceSeconds: 30,
		Containers: core.ContainerArray{core.ContainerArgs{
			Name: pulumi.String(Name), Image: pulumi.String(image), Ports: pod.ContainerPorts(port),
			Args: pulumi.ToStringArray([]string{
				fmt.Sprintf("--secure-port=%d", Port), "--cert-dir=/tmp", "--metric-resolution=15s",
				"--kubelet-preferred-address-types=InternalIP", "--kubelet-use-node-status-port",
				// kubeadm's kubelets serve with self-signed certificates.
				"--kubelet-insecure-tls",
			}),
			Resources: pod.Resources{
				Requests: pod.Amount{MilliCPU: 50, MemoryMiB: 100}, Limits: pod.Amount{MilliCPU: 200, MemoryMiB: 200},
			}.Args(),
			SecurityContext: pod.ContainerSecurity(0), ReadinessProbe: probe("/readyz"), LivenessProbe: probe("/livez"),
			VolumeMounts: core.VolumeMountArray{pod.Writable("tmp", "/tmp", "")},
		}},
		Volumes: core.VolumeArray{pod.Scratch("tmp", 16)},
	}.Spec()
	spec.ServiceAccountName = account.Metadata.Name()
	spec.AutomountServiceAccountToken = pulumi.Bool(true)
	spec.PriorityClassName = pulumi.String("system-cluster-critical")
	return spec
}
