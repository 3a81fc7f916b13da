package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/workload"
)

// namespaceApplications is where Growbin's own workloads live.
const namespaceApplications = "growbin"

// deployWorkloads deploys everything that runs on the cluster: the platform, the stores, what uses them, and what
// watches it all.
func deployWorkloads(ctx *pulumi.Context, s *Settings, c *infrastructure) error {
	p, err := newPlatform(ctx, s, c)
	if err != nil {
		return err
	}
	stores, err := newStores(ctx, s, p)
	if err != nil {
		return err
	}
	if err := deployApplications(ctx, s, c, p, stores); err != nil {
		return err
	}
	if err := deployMonitoring(ctx, s, p, stores); err != nil {
		return err
	}
	return deployArgoCD(ctx, s, p)
}

// deployApplications deploys the catalog, after the stores: an application that finds its store missing is not ready, and
// Pulumi, which does few things at once (four per processor), would wait for applications with every place it has and
// never come to the stores.
func deployApplications(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform, stores *stores) error {
	space, err := namespace.NewNamespace(ctx, namespaceApplications, &namespace.NamespaceArgs{Registry: s.registry()}, p.inCluster)
	if err != nil {
		return err
	}
	secrets, err := newConnections(ctx, s, c, stores)
	if err != nil {
		return err
	}
	for _, application := range catalog {
		args, err := application.workload(s, space, secrets)
		if err != nil {
			return fmt.Errorf("application %s: %w", application.Name, err)
		}
		if _, err := workload.NewWorkload(ctx, application.Name, args, p.inCluster, p.Ready(application.Node), stores.dependsOnStores()); err != nil {
			return err
		}
	}
	return nil
}

// registry is nil when no credentials are configured.
func (s *Settings) registry() *namespace.Registry {
	if s.RegistryUsername == "" {
		return nil
	}
	host, _, _ := strings.Cut(s.ImageRegistry, "/")
	return &namespace.Registry{Host: host, Username: s.RegistryUsername, Password: s.RegistryPassword}
}

// workload is one row of the catalog in this stack. It is given its own connections and no others.
func (a Application) workload(s *Settings, in *namespace.Namespace, values *connections) (*workload.WorkloadArgs, error) {
	node, err := nodeNamed(s.Nodes, a.Node)
	if err != nil {
		return nil, err
	}
	secrets := map[string]pulumi.StringInput{}
	for _, connection := range a.connections() {
		if secrets[string(connection)], err = values.of(a, connection); err != nil {
			return nil, fmt.Errorf("%s: %w", connection, err)
		}
	}
	args := &workload.WorkloadArgs{
		Namespace: in.Name, Image: s.Image(a.Name), PullSecret: in.PullSecret,
		Replicas: a.Replicas, Singleton: a.Kind == kindBeat,
		Command: a.command(s.LogLevel), Env: a.env(s), SecretEnv: secrets,
		NodeSelector: node.Labels, Tolerations: node.Tolerations(),
		Requests: a.Requests, Limits: workload.Resources{Memory: a.MemoryLimit},
		PartOf: "growbin", Component: string(a.Kind),
	}
	a.run(args)
	return args, nil
}
