package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/workload"
)

// namespaceApplications is the namespace of the applications.
const namespaceApplications = "growbin"

// deployApplications deploys the catalog, after the stores. Pulumi runs few operations in parallel (four per processor): if all
// of them waited for applications that need a store, the stores would never be deployed.
func deployApplications(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform, stores *stores) error {
	space, err := s.newNamespace(ctx, namespaceApplications, &namespace.NamespaceArgs{Registry: s.registry()}, p.inCluster)
	if err != nil {
		return err
	}
	secrets, err := newConnections(ctx, s, c, stores)
	if err != nil {
		return err
	}
	released, err := readReleased(ctx, s, c)
	if err != nil {
		return err
	}
	parts := []func() error{func() error { return newReleasers(ctx, s, c, p, space) }}
	applications := s.Applications()
	p.deployed = make([]any, len(applications))
	for i, application := range applications {
		parts = append(parts, func() error {
			args, err := application.workload(s, space, secrets)
			if err != nil {
				return fmt.Errorf("application %s: %w", application.Name, err)
			}
			if args.AWSRole, err = application.newAWSRole(ctx, s, c); err != nil {
				return err
			}
			args.Released = released.of("Deployment", application.Name, args.Image)
			deployed, err := workload.NewWorkload(ctx, application.Name, args, p.inCluster, p.Ready(nodeNames(s.nodesOf(application))...), stores.dependsOnStores())
			if err != nil {
				return err
			}
			p.deployed[i] = deployed.Deployment.ID()
			return application.newMigration(ctx, args, released, p, stores)
		})
	}
	return together(parts...)
}

// registry returns the credentials of the image registry; nil if none are configured.
func (s *Settings) registry() *namespace.Registry {
	if s.RegistryUsername == "" {
		return nil
	}
	host, _, _ := strings.Cut(s.ImageRegistry, "/")
	return &namespace.Registry{Host: host, Username: s.RegistryUsername, Password: s.RegistryPassword}
}

// workload returns the arguments of the application's workload. Its Secret holds its own connections only.
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
	selector, prefer, tolerations := s.placeIn(node)
	spread := nodeNames(s.nodesOf(a))
	if prefer != nil {
		spread = nil // it would weigh as much as the preference, over all nodes of the pool
	}
	args := &workload.WorkloadArgs{
		Namespace: in.Name, Image: s.Image(a.Name), PullSecret: in.PullSecret,
		Replicas: a.Replicas, Singleton: a.Kind == kindBeat, Autoscale: a.autoscale(),
		Command: a.command(s.LogLevel), Env: a.env(s), SecretEnv: secrets,
		NodeSelector: selector, Tolerations: tolerations, Prefer: prefer, SpreadOver: spread,
		Requests: a.Requests, Limits: workload.Resources{Memory: a.MemoryLimit},
		PartOf: "growbin", Component: string(a.Kind), NodePort: a.NodePort,
	}
	a.setKind(args)
	return args, nil
}
