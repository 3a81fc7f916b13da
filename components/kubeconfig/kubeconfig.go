// Package kubeconfig gives a Pulumi program its way into a kubeadm cluster: the kubeconfig that the control
// plane publishes, and word from each node that it has joined.
package kubeconfig

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
)

const typeToken = "kubeadm-aws:kubeconfig:Kubeconfig"

// Defaults of the wait. A machine takes about four minutes from launch to joined.
const (
	DefaultTimeout      = 20 * time.Minute
	DefaultPollInterval = 2 * time.Second
	DefaultFailedGrace  = 3 * time.Minute
)

// KubeconfigArgs says which cluster to enter, and how.
type KubeconfigArgs struct {
	// Cluster is the cluster's name, which the parameters' names are made of.
	Cluster string
	// InstanceID is the control plane's instance. What an earlier instance published is not accepted.
	InstanceID pulumi.StringInput
	// Server is the URL under which the API server is reached from where the program runs, for example
	// "https://127.0.0.1:6443" behind a port forward.
	Server pulumi.StringInput
	// ControlPlane is the control plane's node name. It is in the API server's certificate and is checked
	// instead of the address in Server.
	ControlPlane string
	// Timeout bounds the wait for one machine; DefaultTimeout when 0.
	Timeout time.Duration
	// PollInterval is the time between two looks at a parameter; DefaultPollInterval when 0.
	PollInterval time.Duration
	// FailedGrace is how long a machine may report a failure before the wait ends with it: the machine retries by
	// itself. DefaultFailedGrace when 0.
	FailedGrace time.Duration
}

// Kubeconfig is the way into one cluster.
type Kubeconfig struct {
	pulumi.ResourceState

	// Content is YAML. It is a secret: it holds an administrator's key.
	Content pulumi.StringOutput `pulumi:"content"`

	ctx     *pulumi.Context
	cluster string
	wait    waiter
}

// NewKubeconfig waits, when applied, until the control plane has published its kubeconfig.
func NewKubeconfig(ctx *pulumi.Context, name string, args *KubeconfigArgs, opts ...pulumi.ResourceOption) (*Kubeconfig, error) {
	if args.Cluster == "" || args.ControlPlane == "" || args.InstanceID == nil || args.Server == nil {
		return nil, fmt.Errorf("kubeconfig %s: Cluster, ControlPlane, InstanceID and Server are all needed", name)
	}
	a := &Kubeconfig{ctx: ctx, cluster: args.Cluster}
	if err := ctx.RegisterComponentResource(typeToken, name, a, opts...); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", name, err)
	}
	a.wait = newWaiter(ctx, a, args)
	published := pulumi.All(a.Joined(args.ControlPlane, args.InstanceID), args.Server).ApplyT(func(all []any) (pulumi.StringOutput, error) {
		message, ready, err := a.wait.kubeconfig(kubeadm.KubeconfigParameter(args.Cluster), all[0].(string))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("kubeconfig of cluster %s: %w", args.Cluster, err)
		}
		if !ready {
			return a.unknown(), nil
		}
		config, err := redirect(message, all[1].(string), args.ControlPlane)
		return pulumi.String(config).ToStringOutput(), err
	}).(pulumi.StringOutput)
	a.Content = pulumi.ToSecret(published).(pulumi.StringOutput)
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"content": a.Content})
}

// Joined resolves to the instance's identifier once that instance has joined as the named node, and fails
// with the reason that the node itself reports.
func (a *Kubeconfig) Joined(node string, instanceID pulumi.StringInput) pulumi.StringOutput {
	return instanceID.ToStringOutput().ApplyT(func(id string) (pulumi.StringOutput, error) {
		ready, err := a.wait.joined(kubeadm.StatusParameter(a.cluster, node), node, id)
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("node %s (%s): %w", node, id, err)
		}
		if !ready {
			return a.unknown(), nil
		}
		return pulumi.String(id).ToStringOutput(), nil
	}).(pulumi.StringOutput)
}

// unknown is what a preview knows of a machine that has not reported yet.
func (a *Kubeconfig) unknown() pulumi.StringOutput {
	return pulumi.UnsafeUnknownOutput([]pulumi.Resource{a}).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
}
