package workload

import (
	autoscaling "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// Autoscale hands the number of pods to a HorizontalPodAutoscaler, which needs the metrics of package metricsserver.
type Autoscale struct {
	// Min and Max are the bounds of the number of pods, inclusive.
	Min int `pulumi:"min"`
	Max int `pulumi:"max"`
	// CPUPercent is the CPU time that the pods are meant to use, in percent of their requests.
	CPUPercent int `pulumi:"cpuPercent"`
}

func (a *Autoscale) validate(args *WorkloadArgs) error {
	var problems validation.Problems
	switch {
	case a == nil:
		return nil
	case args.Singleton:
		problems.Add("Max", a.Max, "must not be set for a Singleton")
	case a.Min < 1:
		problems.Add("Min", a.Min, "must be at least 1")
	case a.Max < a.Min:
		problems.Add("Max", a.Max, "must be at least Min, %d", a.Min)
	case args.Replicas < a.Min || args.Replicas > a.Max:
		problems.Add("Min", a.Min, "must leave room for Replicas, %d, with Max %d", args.Replicas, a.Max)
	}
	if a.CPUPercent < 1 {
		problems.Add("CPUPercent", a.CPUPercent, "must be at least 1")
	}
	return problems.Err()
}

// autoscaler creates the autoscaler of a Deployment.
func (a *Autoscale) autoscaler(ctx *pulumi.Context, name string, metadata *meta.ObjectMetaArgs, opts ...pulumi.ResourceOption) error {
	metadata.Annotations = pod.NotAwaited()
	_, err := autoscaling.NewHorizontalPodAutoscaler(ctx, name, &autoscaling.HorizontalPodAutoscalerArgs{
		Metadata: metadata,
		Spec: &autoscaling.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: &autoscaling.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(name),
			},
			MinReplicas: pulumi.Int(a.Min), MaxReplicas: pulumi.Int(a.Max),
			Metrics: autoscaling.MetricSpecArray{autoscaling.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: &autoscaling.ResourceMetricSourceArgs{Name: pulumi.String("cpu"), Target: &autoscaling.MetricTargetArgs{
					Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(a.CPUPercent),
				}},
			}},
		},
	}, opts...)
	return err
}
