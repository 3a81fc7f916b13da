package stacks

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/workload"
)

// namespaceApplications is where Growbin's own workloads live.
const namespaceApplications = "growbin"

// deployWorkloads deploys everything that runs on the cluster.
func deployWorkloads(ctx *pulumi.Context, s *Settings, c *cluster) error {
	inCluster := pulumi.Provider(c.kubernetes)
	nodes, err := labelNodeRoles(ctx, s, c)
	if err != nil {
		return err
	}
	namespace, err := newNamespace(ctx, namespaceApplications, podSecurityRestricted, inCluster)
	if err != nil {
		return err
	}
	pullSecret, err := newPullSecret(ctx, s, namespace, inCluster)
	if err != nil {
		return err
	}
	secrets, err := newConnections(ctx, s, c)
	if err != nil {
		return err
	}
	for _, application := range catalogue {
		if err := deployApplication(ctx, s, application, namespace, pullSecret, secrets, inCluster,
			pulumi.DependsOn([]pulumi.Resource{nodes[application.Node]})); err != nil {
			return err
		}
	}
	return nil
}

// Levels of the Pod Security admission that the API server enforces on a namespace.
const (
	podSecurityRestricted = "restricted"
)

func newNamespace(ctx *pulumi.Context, name, podSecurity string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	namespace, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:   pulumi.String(name),
			Labels: pulumi.StringMap{"pod-security.kubernetes.io/enforce": pulumi.String(podSecurity)},
		},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("namespace %s: %w", name, err)
	}
	return namespace.Metadata.Name().Elem(), nil
}

// deployApplication turns one row of the catalogue into its Secret and its workload.
func deployApplication(ctx *pulumi.Context, s *Settings, a Application, namespace pulumi.StringInput,
	pullSecret pulumi.StringInput, values *connections, opts ...pulumi.ResourceOption) error {
	node, err := nodeNamed(s.Nodes, a.Node)
	if err != nil {
		return fmt.Errorf("application %s: %w", a.Name, err)
	}
	secretEnv, err := newSecretEnv(ctx, a, namespace, values, opts...)
	if err != nil {
		return fmt.Errorf("application %s: %w", a.Name, err)
	}
	args := &workload.Args{
		Namespace: namespace, Image: s.Image(a.Name), PullSecret: pullSecret,
		Replicas: a.Replicas, Singleton: a.Kind == kindBeat,
		Command: a.command(s.LogLevel), Env: a.env(s), SecretEnv: secretEnv,
		NodeSelector: node.Labels, Tolerations: node.Tolerations(),
		Requests: a.Requests, Limits: workload.Resources{Memory: a.MemoryLimit},
		PartOf: "growbin", Component: string(a.Kind),
	}
	a.run(args)
	_, err = workload.New(ctx, a.Name, args, opts...)
	return err
}

// newSecretEnv puts the application's connections, and only those, into a Secret of its own. Pulumi names it, so that a
// changed Secret is a new one and the pods restart with it.
func newSecretEnv(ctx *pulumi.Context, a Application, namespace pulumi.StringInput, values *connections,
	opts ...pulumi.ResourceOption) (map[string]workload.SecretKey, error) {
	data := pulumi.StringMap{}
	for _, connection := range a.connections() {
		value, err := values.of(a, connection)
		if err != nil {
			return nil, err
		}
		data[string(connection)] = value
	}
	secret, err := corev1.NewSecret(ctx, a.Name, &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: namespace.ToStringOutput().ToStringPtrOutput()},
		StringData: data,
		Immutable:  pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	env := map[string]workload.SecretKey{}
	for key := range data {
		env[key] = workload.SecretKey{Secret: secret.Metadata.Name().Elem(), Key: key}
	}
	return env, nil
}
