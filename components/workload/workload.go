// Package workload deploys a stateless workload: a Deployment with its Service and PodDisruptionBudget.
package workload

import (
	"fmt"
	"maps"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policy "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

const workloadType = "kubeadm-aws:workload:Workload"

// portName is the name of the container's port, for the Service and the probes.
const portName = "http"

// Workload holds the objects of a stateless workload.
type Workload struct {
	pulumi.ResourceState

	// Deployment runs the pods.
	Deployment *apps.Deployment `pulumi:"deployment"`
	// Service is nil for a workload without a port.
	Service *core.Service `pulumi:"service"`
}

// NewWorkload creates the workload's objects, all named name.
func NewWorkload(ctx *pulumi.Context, name string, args *WorkloadArgs, opts ...pulumi.ResourceOption) (*Workload, error) {
	if args == nil {
		return nil, fmt.Errorf("workload %s: args must not be nil", name)
	}
	if err := args.Validate(name); err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}
	w := &Workload{}
	if err := ctx.RegisterComponentResource(workloadType, name, w, opts...); err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}
	if err := w.objects(ctx, name, args); err != nil {
		return nil, fmt.Errorf("workload %s: %w", name, err)
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"deployment": w.Deployment.Metadata.Name()})
}

func (w *Workload) objects(ctx *pulumi.Context, name string, args *WorkloadArgs) (err error) {
	parent := pulumi.Parent(w)
	metadata := func() *meta.ObjectMetaArgs {
		return &meta.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: args.Namespace, Labels: pulumi.ToStringMap(args.labels(name)),
		}
	}
	if args.AWSRole != nil {
		if _, err := core.NewServiceAccount(ctx, name, &core.ServiceAccountArgs{
			Metadata: metadata(), AutomountServiceAccountToken: pulumi.Bool(false),
		}, parent); err != nil {
			return err
		}
	}
	secret, err := secretEnv(ctx, name, nil, args, parent)
	if err != nil {
		return err
	}
	owned := pulumi.IgnoreChanges(nil)
	if args.Autoscale != nil {
		// The provider drops the number from an update once the autoscaler has set it.
		owned = pulumi.IgnoreChanges([]string{"spec.replicas"})
	}
	if w.Deployment, err = apps.NewDeployment(ctx, name, &apps.DeploymentArgs{
		Metadata: metadata(),
		Spec: &apps.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Replicas),
			Strategy: args.strategy(),
			Selector: &meta.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector(name))},
			Template: args.podTemplate(name, secret),
		},
	}, parent, owned); err != nil {
		return err
	}
	if args.Autoscale != nil {
		if err := args.Autoscale.autoscaler(ctx, name, metadata(), parent); err != nil {
			return err
		}
	}
	if args.Port != 0 {
		exposed := metadata()
		exposed.Annotations = pod.NotAwaited()
		if w.Service, err = core.NewService(ctx, name, &core.ServiceArgs{
			Metadata: exposed,
			Spec:     pod.ServiceSpec(pulumi.ToStringMap(selector(name)), args.NodePort, args.port()),
		}, parent); err != nil {
			return err
		}
	}
	_, err = policy.NewPodDisruptionBudget(ctx, name, &policy.PodDisruptionBudgetArgs{
		Metadata: metadata(),
		Spec: &policy.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       &meta.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector(name))},
			// Otherwise an unhealthy pod could block a drain forever.
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, parent)
	return err
}

// secretEnv creates a Secret. Without a fixed name, a changed one is a new one, and restarts the pods.
func secretEnv(ctx *pulumi.Context, name string, fixed pulumi.StringPtrInput, args *WorkloadArgs, parent pulumi.ResourceOption) (pulumi.StringPtrInput, error) {
	if len(args.SecretEnv) == 0 {
		return nil, nil
	}
	data := pulumi.StringMap{}
	for key, value := range args.SecretEnv {
		data[key] = pulumi.ToSecret(value).(pulumi.StringOutput)
	}
	secret, err := core.NewSecret(ctx, name, &core.SecretArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: fixed, Namespace: args.Namespace.ToStringOutput().ToStringPtrOutput(), Labels: pulumi.ToStringMap(args.labels(name)),
		},
		StringData: data,
		Immutable:  pulumi.Bool(true),
	}, parent)
	if err != nil {
		return nil, err
	}
	return secret.Metadata.Name(), nil
}

// strategy never runs two pods of a singleton, and otherwise never fewer pods than Replicas.
func (a *WorkloadArgs) strategy() *apps.DeploymentStrategyArgs {
	if a.Singleton {
		return &apps.DeploymentStrategyArgs{Type: pulumi.String("Recreate")}
	}
	return &apps.DeploymentStrategyArgs{
		Type: pulumi.String("RollingUpdate"),
		RollingUpdate: &apps.RollingUpdateDeploymentArgs{
			// One at a time: the node has no capacity for a second set of pods, which a surge in percent would need.
			MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0),
		},
	}
}

// selector selects the pods. It is immutable in a Deployment, so it contains the name only.
func selector(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": name}
}

func (a *WorkloadArgs) labels(name string) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, a.Labels)
	if a.PartOf != "" {
		labels["app.kubernetes.io/part-of"] = a.PartOf
	}
	if a.Component != "" {
		labels["app.kubernetes.io/component"] = a.Component
	}
	labels["app.kubernetes.io/instance"] = name
	maps.Copy(labels, selector(name)) // last, since the API server requires labels that match the selector
	return labels
}
