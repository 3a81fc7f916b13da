// Package redis runs Redis for several uses whose keys must not push each other out.
//
// Redis has one eviction policy per server. The volatile policies tell keys apart by whether they expire, but
// sessions and task results expire just as cache entries do, so under pressure a cache would push them out.
// Therefore there are two servers: one whose keys may all go (allkeys-lru, nothing on disk), and one whose
// keys never do (noeviction, append-only file on the node's volume). Each has its own memory, so a cache that
// fills up cannot take the other's either.
package redis

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const serversType = "kubeadm-aws:redis:Servers"

// suffix of the server's name, by the kind of its keys.
var suffix = map[Kind]string{Evictable: "-cache", Kept: "-durable"}

// Servers are one or two running Redis servers.
type Servers struct {
	pulumi.ResourceState

	// Hosts are the servers' names inside the cluster.
	Hosts map[Kind]pulumi.StringOutput
	// Port that both listen on.
	Port int

	name      string
	args      ServersArgs
	passwords map[string]pulumi.StringOutput // by use
}

// NewServers makes the servers that the uses need: name-cache, name-durable or both.
func NewServers(ctx *pulumi.Context, name string, args *ServersArgs, opts ...pulumi.ResourceOption) (*Servers, error) {
	if args == nil {
		return nil, fmt.Errorf("redis %s: arguments are missing", name)
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

// URL is the address of a use's server and database with its credentials, as a secret.
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

// create makes the server of one kind.
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
	set := pod.Pod{
		Name: name, Namespace: s.args.Namespace, Placement: s.args.Placement, UID: imageUID,
		Labels:       pod.Labels("redis", name, "server"),
		GraceSeconds: 30, // to write the append-only file's last second
	}
	resources := s.args.Cache
	if kind == Kept {
		resources = s.args.Durable
		volume, err := localvolume.NewVolume(ctx, name, &localvolume.VolumeArgs{
			Storage: s.args.Storage, Namespace: s.args.Namespace, StatefulSet: name, Labels: set.Labels,
		}, child)
		if err != nil {
			return err
		}
		set.Claims = core.PersistentVolumeClaimTypeArray{volume.Claim()}
	}
	config, err := pod.NewConfigMap(ctx, name+"-config", set, map[string]string{
		configFile: ConfigFor(kind, resources.Limits.MemoryMiB).Render(),
	}, child)
	if err != nil {
		return err
	}
	secret, checksum, err := pod.NewSecret(ctx, name+"-users", set, secretFiles(uses, passwords), child)
	if err != nil {
		return err
	}
	set.Annotations = pod.Scrape(metricsPort)
	set.Annotations[pod.ChecksumAnnotation] = checksum
	set.Volumes = podVolumes(kind, config, secret)
	set.Containers = core.ContainerArray{s.args.serverContainer(kind, resources), s.args.exporterContainer(secret)}
	if _, err := apps.NewStatefulSet(ctx, name, set.StatefulSet(), child); err != nil {
		return fmt.Errorf("create StatefulSet %s: %w", name, err)
	}
	return pod.NewServices(ctx, name, set, []pod.Port{{Name: "redis", Number: port}}, child)
}

// secretFiles are the ACL file, for the server, and the exporter's own password.
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
