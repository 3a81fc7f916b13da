// Package redis deploys Redis for several uses that must not evict each other's keys.
//
// Redis has one eviction policy per server. The volatile policies evict keys that expire, but sessions and task results
// expire like cache entries, so a full cache would evict them. Therefore there are two servers: one that may evict all keys
// (allkeys-lru, no persistence), and one that evicts none (noeviction, append-only file on the node's volume). Each has
// memory of its own, so that a full cache cannot use the memory of the other.
package redis

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/store"
)

const serversType = "kubeadm-aws:redis:Servers"

// suffix is the suffix of the server's name.
var suffix = map[Kind]string{Evictable: "-cache", Kept: "-durable"}

// Servers are one or two Redis servers.
type Servers struct {
	pulumi.ResourceState

	// Hosts are the servers' DNS names inside the cluster.
	Hosts map[Kind]pulumi.StringOutput `pulumi:"hosts"`
	// Port of both servers.
	Port int `pulumi:"port"`

	name      string
	args      ServersArgs
	passwords map[string]pulumi.StringOutput // by use
}

// NewServers deploys the servers that the uses need: name-cache, name-durable or both.
func NewServers(ctx *pulumi.Context, name string, args *ServersArgs, opts ...pulumi.ResourceOption) (*Servers, error) {
	if args == nil {
		return nil, fmt.Errorf("redis %s: args must not be nil", name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("redis %s: %w", name, err)
	}
	s := &Servers{
		Hosts: map[Kind]pulumi.StringOutput{}, Port: port,
		name: name, args: args.withDefaults(), passwords: map[string]pulumi.StringOutput{},
	}
	if err := ctx.RegisterComponentResource(serversType, name, s, opts...); err != nil {
		return nil, fmt.Errorf("register redis %s: %w", name, err)
	}
	hosts := pulumi.Map{}
	for _, kind := range []Kind{Evictable, Kept} {
		uses := s.args.of(kind)
		if len(uses) == 0 {
			continue
		}
		if err := s.create(ctx, kind, uses); err != nil {
			return nil, fmt.Errorf("redis %s: %w", name, err)
		}
		s.Hosts[kind] = pulumi.Sprintf("%s.%s.svc", name+suffix[kind], args.Namespace)
		hosts[string(kind)] = s.Hosts[kind]
	}
	if err := ctx.RegisterResourceOutputs(s, pulumi.Map{"hosts": hosts, "port": pulumi.Int(s.Port)}); err != nil {
		return nil, fmt.Errorf("register outputs of redis %s: %w", name, err)
	}
	return s, nil
}

// URL returns the address of a use's server and database with its credentials, as a secret.
func (s *Servers) URL(use string) (pulumi.StringOutput, error) {
	for _, u := range s.args.Uses {
		if u.Name == use {
			return credentials.URL{
				Scheme: "redis", User: u.Name, Password: s.passwords[u.Name],
				Host: s.Hosts[u.Kind], Port: s.Port, Path: fmt.Sprint(u.Database),
			}.Output(), nil
		}
	}
	return pulumi.StringOutput{}, fmt.Errorf("redis %s has no use %q", s.name, use)
}

// create deploys the server of one kind.
func (s *Servers) create(ctx *pulumi.Context, kind Kind, uses []Use) error {
	child := pulumi.Parent(s)
	name := s.name + suffix[kind]
	passwords, err := credentials.NewPasswords(ctx, name, append(names(uses), exporterUser), child)
	if err != nil {
		return err
	}
	for _, u := range uses {
		s.passwords[u.Name] = passwords[u.Name]
	}
	resources, storage := s.args.Cache, (*localvolume.Storage)(nil)
	if kind == Kept {
		resources, storage = s.args.Durable, &s.args.Storage
	}
	_, err = store.NewStore(ctx, name, &store.StoreArgs{
		Namespace: s.args.Namespace, Placement: s.args.Placement, Storage: storage,
		Software: "redis", UID: imageUID, GraceSeconds: 30, // to write the last second of the append-only file
		Port: pod.Port{Name: "redis", Number: port}, MetricsPort: metricsPort,
		Files:        map[string]string{configFile: ConfigFor(kind, resources.Limits.MemoryMiB).Render()},
		SecretSuffix: "users", SecretFiles: secretFiles(uses, passwords),
		Volumes: func(config, secret pulumi.StringInput) core.VolumeArray { return podVolumes(kind, config, secret) },
		Containers: func(secret pulumi.StringInput) core.ContainerArray {
			return core.ContainerArray{s.args.serverContainer(kind, resources), s.args.exporterContainer(secret)}
		},
	}, child)
	return err
}

// secretFiles returns the server's ACL file and the exporter's password.
func secretFiles(uses []Use, passwords map[string]pulumi.StringOutput) pulumi.StringMapOutput {
	all := pulumi.StringMap{}
	for name, password := range passwords {
		all[name] = password
	}
	return all.ToStringMapOutput().ApplyT(func(plain map[string]string) map[string]string {
		return map[string]string{aclFile: Users(uses, plain), exporterPassword: plain[exporterUser]}
	}).(pulumi.StringMapOutput)
}

func names(uses []Use) []string {
	list := make([]string, 0, len(uses))
	for _, u := range uses {
		list = append(list, u.Name)
	}
	return list
}
