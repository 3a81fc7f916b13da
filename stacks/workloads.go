package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/noderole"
	"github.com/growbin/cluster/components/workload"
)

// namespaceApplications is where Growbin's own workloads live.
const namespaceApplications = "growbin"

// deployWorkloads deploys everything that runs on the cluster.
func deployWorkloads(ctx *pulumi.Context, s *Settings, c *cluster) error {
	inCluster := pulumi.Provider(c.kubernetes)
	nodes, err := labelNodeRoles(ctx, s, c, inCluster)
	if err != nil {
		return err
	}
	applications, err := namespace.New(ctx, namespaceApplications, &namespace.Args{Registry: s.registry()}, inCluster)
	if err != nil {
		return err
	}
	secrets, err := newConnections(ctx, s, c)
	if err != nil {
		return err
	}
	for _, application := range catalogue {
		args, err := application.workload(s, applications, secrets)
		if err != nil {
			return fmt.Errorf("application %s: %w", application.Name, err)
		}
		onNode := pulumi.DependsOn([]pulumi.Resource{nodes[application.Node]})
		if _, err := workload.New(ctx, application.Name, args, inCluster, onNode); err != nil {
			return err
		}
	}
	return nil
}

// labelNodeRoles shows each node's role, once it has joined. The result, by node name, is what to depend on before
// using a node.
func labelNodeRoles(ctx *pulumi.Context, s *Settings, c *cluster, opts ...pulumi.ResourceOption) (map[string]pulumi.Resource, error) {
	labelled := map[string]pulumi.Resource{}
	for _, n := range s.Nodes {
		machine := c.nodes[n.Name]
		label, err := noderole.New(ctx, n.Name, &noderole.Args{
			Node: n.Name, Role: string(n.Role), InstanceID: c.access.Joined(n.Name, machine.InstanceID),
			// The whole machine, its volumes too: what runs on the node is destroyed before them.
		}, append(opts, pulumi.DependsOn([]pulumi.Resource{machine}))...)
		if err != nil {
			return nil, err
		}
		labelled[n.Name] = label
	}
	return labelled, nil
}

// registry is nil when no credentials are configured.
func (s *Settings) registry() *namespace.Registry {
	if s.RegistryUsername == "" {
		return nil
	}
	host, _, _ := strings.Cut(s.ImageRegistry, "/")
	return &namespace.Registry{Host: host, Username: s.RegistryUsername, Password: s.RegistryPassword}
}

// workload is one row of the catalogue in this stack. It is given its own connections and no others.
func (a Application) workload(s *Settings, in *namespace.Namespace, values *connections) (*workload.Args, error) {
	node, err := nodeNamed(s.Nodes, a.Node)
	if err != nil {
		return nil, err
	}
	secrets := map[string]pulumi.StringInput{}
	for _, connection := range a.connections() {
		if secrets[string(connection)], err = values.of(a, connection); err != nil {
			return nil, err
		}
	}
	args := &workload.Args{
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
