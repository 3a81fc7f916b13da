// Package workload builds a stateless workload: a Deployment with its Service and PodDisruptionBudget.
package workload

import (
	"fmt"
	"maps"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const workloadType = "kubeadm-aws:workload:Workload"

// portName is how the Service and the probes refer to the container's port.
const portName = "http"

// Workload is one stateless workload.
type Workload struct {
	pulumi.ResourceState

	// Deployment runs the pods.
	Deployment *appsv1.Deployment
	// Service is nil for a workload without a port.
	Service *corev1.Service
}

// New creates the workload's objects, all named name.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Workload, error) {
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

func (w *Workload) objects(ctx *pulumi.Context, name string, args *Args) (err error) {
	parent := pulumi.Parent(w)
	metadata := func() *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: args.Namespace, Labels: pulumi.ToStringMap(args.labels(name)),
		}
	}
	secret, err := w.secret(ctx, name, args)
	if err != nil {
		return err
	}
	if w.Deployment, err = appsv1.NewDeployment(ctx, name, &appsv1.DeploymentArgs{
		Metadata: metadata(),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Replicas),
			Strategy: args.strategy(),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector(name))},
			Template: args.podTemplate(name, secret),
		},
	}, parent); err != nil {
		return err
	}
	if args.Port != 0 {
		exposed := metadata()
		// The Deployment's own wait tells the same, and each wait takes one of the few places that Pulumi works in.
		exposed.Annotations = pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
		if w.Service, err = corev1.NewService(ctx, name, &corev1.ServiceArgs{
			Metadata: exposed,
			Spec: &corev1.ServiceSpecArgs{
				Selector: pulumi.ToStringMap(selector(name)),
				Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
					Name: pulumi.String(portName), Port: pulumi.Int(args.Port), TargetPort: pulumi.String(portName),
				}},
			},
		}, parent); err != nil {
			return err
		}
	}
	_, err = policyv1.NewPodDisruptionBudget(ctx, name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: metadata(),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1),
			Selector:       &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector(name))},
			// A pod that does not work protects nothing and would block a drain for ever.
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, parent)
	return err
}

// secret lets Pulumi name the Secret: a changed one is a new one, and the pods restart with it.
func (w *Workload) secret(ctx *pulumi.Context, name string, args *Args) (pulumi.StringPtrInput, error) {
	if len(args.SecretEnv) == 0 {
		return nil, nil
	}
	data := pulumi.StringMap{}
	for key, value := range args.SecretEnv {
		data[key] = pulumi.ToSecret(value).(pulumi.StringOutput)
	}
	secret, err := corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace.ToStringOutput().ToStringPtrOutput(), Labels: pulumi.ToStringMap(args.labels(name)),
		},
		StringData: data,
		Immutable:  pulumi.Bool(true),
	}, pulumi.Parent(w))
	if err != nil {
		return nil, err
	}
	return secret.Metadata.Name(), nil
}

// strategy never runs two pods of a singleton, and otherwise never has fewer pods than asked for.
func (a *Args) strategy() *appsv1.DeploymentStrategyArgs {
	if a.Singleton {
		return &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")}
	}
	return &appsv1.DeploymentStrategyArgs{
		Type: pulumi.String("RollingUpdate"),
		RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
			// One at a time: the node has no room for a second set of pods, which a surge in percent would ask for.
			MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0),
		},
	}
}

// selector finds the pods; it can never be changed on a Deployment, so it holds the name alone.
func selector(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": name}
}

func (a *Args) labels(name string) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, a.Labels)
	if a.PartOf != "" {
		labels["app.kubernetes.io/part-of"] = a.PartOf
	}
	if a.Component != "" {
		labels["app.kubernetes.io/component"] = a.Component
	}
	labels["app.kubernetes.io/instance"] = name
	maps.Copy(labels, selector(name)) // last: pods that the selector does not find are refused
	return labels
}
