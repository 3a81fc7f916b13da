// Package kubeconfig waits for the instances of a kubeadm cluster: for the kubeconfig that the control plane publishes, and
// for each node's report that it has joined.
package kubeconfig

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:kubeconfig:Kubeconfig"

// Defaults of KubeconfigArgs. An instance takes about four minutes from launch to joined.
const (
	DefaultTimeout      = 20 * time.Minute
	DefaultPollInterval = 2 * time.Second
	DefaultFailedGrace  = 3 * time.Minute
)

// KubeconfigArgs describes the cluster and the wait for it.
type KubeconfigArgs struct {
	// Cluster is the name of the cluster, which begins the names of its SSM parameters.
	Cluster string `pulumi:"cluster"`
	// Identity is the user of the API server whose kubeconfig is read; kubeadm.Deployer when empty.
	Identity kubeadm.Identity `pulumi:"identity"`
	// InstanceID is the instance of the control plane. A kubeconfig of an earlier instance is not accepted.
	InstanceID pulumi.StringInput `pulumi:"instanceId"`
	// Server is the URL of the API server as the program reaches it, e.g. https://127.0.0.1:6443 behind a port forward.
	Server pulumi.StringInput `pulumi:"server"`
	// ControlPlane is the node name of the control plane. The certificate of the API server is verified against it, not
	// against the host in Server.
	ControlPlane string `pulumi:"controlPlane"`
	// Connect, if not nil, is called with the value of Server before Content resolves. It opens a port forward, or checks that
	// the API server answers; its error fails the update before anything in the cluster is created.
	Connect func(ctx context.Context, server string) error `pulumi:"connect"`
	// Timeout bounds the wait for one instance; DefaultTimeout when 0.
	Timeout time.Duration `pulumi:"timeout"`
	// PollInterval is the time between two reads of a parameter; DefaultPollInterval when 0.
	PollInterval time.Duration `pulumi:"pollInterval"`
	// FailedGrace is the time for which an instance may report a failure before the wait ends: its bootstrap is retried.
	// DefaultFailedGrace when 0.
	FailedGrace time.Duration `pulumi:"failedGrace"`
}

// Validate returns all problems of the arguments, joined.
func (a *KubeconfigArgs) Validate() error {
	var problems validation.Problems
	if a.Cluster == "" {
		problems.NotSet("Cluster", "must be the name of the cluster")
	}
	if a.ControlPlane == "" {
		problems.NotSet("ControlPlane", "must be the node name of the control plane")
	}
	if a.InstanceID == nil {
		problems.NotSet("InstanceID", "must be the instance of the control plane")
	}
	if a.Server == nil {
		problems.NotSet("Server", "must be the URL of the API server")
	}
	return problems.Err()
}

// parameter is the name of the SSM parameter with the kubeconfig.
func (a *KubeconfigArgs) parameter() string {
	if a.Identity == "" || a.Identity == kubeadm.Deployer {
		return kubeadm.KubeconfigParameter(a.Cluster)
	}
	return kubeadm.AccessParameter(a.Cluster, a.Identity)
}

// Kubeconfig is an administrator's access to one cluster.
type Kubeconfig struct {
	pulumi.ResourceState

	// Content is YAML, and a secret: it holds an administrator's key.
	Content pulumi.StringOutput `pulumi:"content"`

	ctx     *pulumi.Context
	cluster string
	wait    waiter
}

// NewKubeconfig waits, when applied, until the control plane has published its kubeconfig.
func NewKubeconfig(ctx *pulumi.Context, name string, args *KubeconfigArgs, opts ...pulumi.ResourceOption) (*Kubeconfig, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", name, err)
	}
	a := &Kubeconfig{ctx: ctx, cluster: args.Cluster}
	if err := ctx.RegisterComponentResource(typeToken, name, a, opts...); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", name, err)
	}
	a.wait = newWaiter(ctx, a, args)
	published := pulumi.All(a.Joined(args.ControlPlane, args.InstanceID), args.Server).ApplyT(func(all []any) (pulumi.StringOutput, error) {
		message, ready, err := a.wait.kubeconfig(args.parameter(), all[0].(string))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("kubeconfig of cluster %s: %w", args.Cluster, err)
		}
		if !ready {
			return a.unknown(), nil
		}
		server := all[1].(string)
		if args.Connect != nil {
			if err := args.Connect(ctx.Context(), server); err != nil {
				return pulumi.StringOutput{}, fmt.Errorf("API server of cluster %s: %w", args.Cluster, err)
			}
		}
		config, err := Redirect(message, server, args.ControlPlane)
		return pulumi.String(config).ToStringOutput(), err
	}).(pulumi.StringOutput)
	a.Content = pulumi.ToSecret(published).(pulumi.StringOutput)
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"content": a.Content})
}

// Joined resolves to the identifier of the instance once it has joined as the named node. It fails with the reason that the
// node reports.
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

// unknown returns an unknown output, for a preview before the instance has reported.
func (a *Kubeconfig) unknown() pulumi.StringOutput {
	return pulumi.UnsafeUnknownOutput([]pulumi.Resource{a}).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
}
