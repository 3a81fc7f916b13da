// Package heartbeat reports to AWS that the alerts of a cluster work: a job that needs the control plane, a node, Prometheus,
// Alertmanager and the internet writes a metric to CloudWatch. An alarm there notices when the reports stop.
package heartbeat

import (
	_ "embed"
	"fmt"

	batch "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

const heartbeatType = "kubeadm-aws:heartbeat:Heartbeat"

// Metric and Dimension name the metric in CloudWatch. The dimension's value is HeartbeatArgs.Cluster.
const (
	Metric    = "Heartbeat"
	Dimension = "Cluster"
)

// schedule is every five minutes.
const schedule = "*/5 * * * *"

// uid is any user that is not root: the image has none of its own.
const uid = 65534

//go:embed scripts/heartbeat.sh
var script string

var resources = pod.Resources{
	Requests: pod.Amount{MilliCPU: 20, MemoryMiB: 64},
	Limits:   pod.Amount{MilliCPU: 200, MemoryMiB: 128},
}

// HeartbeatArgs describes the job.
type HeartbeatArgs struct {
	// Namespace of all objects; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Placement selects the node.
	Placement pod.Placement `pulumi:"placement"`
	// Image is an image of the AWS CLI with bash and curl, e.g. amazon/aws-cli.
	Image string `pulumi:"image"`
	// Region is the AWS region of the metric, e.g. ap-northeast-2.
	Region string `pulumi:"region"`
	// RoleARN is a role that may write metrics. The service account that is named like the component may take it.
	RoleARN pulumi.StringInput `pulumi:"roleArn"`
	// Cluster is the cluster's name.
	Cluster string `pulumi:"cluster"`
	// MetricNamespace is that of the metric, e.g. Shop.
	MetricNamespace string `pulumi:"metricNamespace"`
	// AlertmanagerURL is the address of Alertmanager, e.g. http://alertmanager.monitoring.svc:9093.
	AlertmanagerURL string `pulumi:"alertmanagerUrl"`
}

// Heartbeat is the job.
type Heartbeat struct {
	pulumi.ResourceState

	// Name is that of the CronJob.
	Name pulumi.StringOutput `pulumi:"name"`
}

// Validate returns all problems of the arguments, joined.
func (a *HeartbeatArgs) Validate() error {
	var problems validation.Problems
	for field, value := range map[string]pulumi.StringInput{"Namespace": a.Namespace, "RoleARN": a.RoleARN} {
		if value == nil {
			problems.NotSet(field, "must be set")
		}
	}
	for field, value := range map[string]string{"Region": a.Region, "Cluster": a.Cluster, "MetricNamespace": a.MetricNamespace, "AlertmanagerURL": a.AlertmanagerURL} {
		if value == "" {
			problems.NotSet(field, "must be set")
		}
	}
	problems.Include("Placement", a.Placement.Validate())
	pod.ValidateImage(&problems, "Image", a.Image)
	return problems.Err()
}

// NewHeartbeat creates the CronJob and its service account, both named name.
func NewHeartbeat(ctx *pulumi.Context, name string, args *HeartbeatArgs, opts ...pulumi.ResourceOption) (*Heartbeat, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("heartbeat %s: %w", name, err)
	}
	h := &Heartbeat{}
	if err := ctx.RegisterComponentResource(heartbeatType, name, h, opts...); err != nil {
		return nil, fmt.Errorf("heartbeat %s: %w", name, err)
	}
	labels := pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(name)}
	metadata := &meta.ObjectMetaArgs{Name: pulumi.String(name), Namespace: args.Namespace.ToStringOutput(), Labels: labels}
	account, err := core.NewServiceAccount(ctx, name, &core.ServiceAccountArgs{Metadata: metadata, AutomountServiceAccountToken: pulumi.Bool(false)}, pulumi.Parent(h))
	if err != nil {
		return nil, fmt.Errorf("heartbeat %s: %w", name, err)
	}
	job, err := batch.NewCronJob(ctx, name, &batch.CronJobArgs{Metadata: metadata, Spec: args.job(name, labels)}, pulumi.Parent(h), pulumi.DependsOn([]pulumi.Resource{account}))
	if err != nil {
		return nil, fmt.Errorf("heartbeat %s: %w", name, err)
	}
	h.Name = job.Metadata.Name().Elem()
	return h, ctx.RegisterResourceOutputs(h, pulumi.Map{"name": h.Name})
}

func (a *HeartbeatArgs) job(name string, labels pulumi.StringMap) *batch.CronJobSpecArgs {
	volume, mount, identity := pod.AWSIdentity(a.RoleARN)
	env := append(core.EnvVarArray{
		core.EnvVarArgs{Name: pulumi.String("ALERTMANAGER_URL"), Value: pulumi.String(a.AlertmanagerURL)},
		core.EnvVarArgs{Name: pulumi.String("METRIC_NAMESPACE"), Value: pulumi.String(a.MetricNamespace)},
		core.EnvVarArgs{Name: pulumi.String("CLUSTER"), Value: pulumi.String(a.Cluster)},
		core.EnvVarArgs{Name: pulumi.String("AWS_REGION"), Value: pulumi.String(a.Region)},
		core.EnvVarArgs{Name: pulumi.String("HOME"), Value: pulumi.String("/tmp")},
	}, identity...)
	spec := pod.Pod{
		Placement: a.Placement, UID: uid, GraceSeconds: 5, Volumes: core.VolumeArray{volume, pod.Scratch("tmp", 16)},
		Containers: core.ContainerArray{core.ContainerArgs{
			Name: pulumi.String("heartbeat"), Image: pulumi.String(a.Image), Command: pulumi.ToStringArray([]string{"bash", "-c", script}),
			Env: env, Resources: resources.Args(), SecurityContext: pod.ContainerSecurity(0),
			VolumeMounts: core.VolumeMountArray{mount, pod.Writable("tmp", "/tmp", "")},
		}},
	}.Spec()
	spec.ServiceAccountName, spec.RestartPolicy = pulumi.String(name), pulumi.String("Never")
	return &batch.CronJobSpecArgs{
		Schedule: pulumi.String(schedule), ConcurrencyPolicy: pulumi.String("Forbid"),
		// A late beat says nothing about now.
		StartingDeadlineSeconds:    pulumi.Int(120),
		SuccessfulJobsHistoryLimit: pulumi.Int(1), FailedJobsHistoryLimit: pulumi.Int(1),
		JobTemplate: &batch.JobTemplateSpecArgs{Spec: &batch.JobSpecArgs{
			BackoffLimit: pulumi.Int(0), ActiveDeadlineSeconds: pulumi.Int(180),
			Template: &core.PodTemplateSpecArgs{Metadata: &meta.ObjectMetaArgs{Labels: labels}, Spec: spec},
		}},
	}
}
