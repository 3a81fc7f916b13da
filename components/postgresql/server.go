// Package postgresql runs one PostgreSQL 15 server on a node's local volume: a database per owner, dumped
// every night, with an exporter beside it.
package postgresql

import (
	"errors"
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const serverType = "kubeadm-aws:postgresql:Server"

// Server is a running PostgreSQL server.
type Server struct {
	pulumi.ResourceState

	// Host is the server's name inside the cluster.
	Host pulumi.StringOutput
	// Port that it listens on.
	Port int

	name      string
	args      ServerArgs
	passwords map[string]pulumi.StringOutput // by role
}

// NewServer makes the server; its StatefulSet and its Service are called name.
func NewServer(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*Server, error) {
	if args == nil {
		return nil, fmt.Errorf("postgresql %s: arguments are missing", name)
	}
	s := &Server{Port: port, name: name, args: args.withDefaults()}
	if err := errors.Join(args.Validate(), s.validateName()); err != nil {
		return nil, fmt.Errorf("postgresql %s: %w", name, err)
	}
	if err := ctx.RegisterComponentResource(serverType, name, s, opts...); err != nil {
		return nil, fmt.Errorf("register postgresql %s: %w", name, err)
	}
	if err := s.create(ctx); err != nil {
		return nil, fmt.Errorf("postgresql %s: %w", name, err)
	}
	s.Host = pulumi.Sprintf("%s.%s.svc", name, args.Namespace)
	outputs := pulumi.Map{"host": s.Host, "port": pulumi.Int(s.Port)}
	if err := ctx.RegisterResourceOutputs(s, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of postgresql %s: %w", name, err)
	}
	return s, nil
}

// URL is the address of a database with its owner's credentials, as a secret.
func (s *Server) URL(database string) (pulumi.StringOutput, error) {
	for _, d := range s.args.Databases {
		if d.Name == database {
			return credentials.URL{
				Scheme: "postgresql", User: d.Owner, Password: s.passwords[d.Owner],
				Host: s.Host, Port: s.Port, Path: d.Name,
			}.Output(), nil
		}
	}
	return pulumi.StringOutput{}, fmt.Errorf("postgresql %s has no database %q", s.name, database)
}

func (s *Server) create(ctx *pulumi.Context) error {
	child := pulumi.Parent(s)
	var err error
	if s.passwords, err = credentials.NewPasswords(ctx, s.name, s.roles(), child); err != nil {
		return err
	}
	set := pod.Pod{
		Name: s.name, Namespace: s.args.Namespace, Placement: s.args.Placement, UID: imageUID,
		Labels: pod.Labels("postgresql", s.name, "server"),
		// A fast shutdown rolls open transactions back and writes a checkpoint.
		GraceSeconds: 120,
	}
	volume, err := localvolume.NewVolume(ctx, s.name, &localvolume.VolumeArgs{
		Storage: s.args.Storage, Namespace: s.args.Namespace, StatefulSet: s.name, Labels: set.Labels,
	}, child)
	if err != nil {
		return err
	}
	config, err := pod.NewConfigMap(ctx, s.name+"-config", set, s.args.files(), child)
	if err != nil {
		return err
	}
	secret, checksum, err := pod.NewSecret(ctx, s.name+"-passwords", set, passwordFiles(s.passwords), child)
	if err != nil {
		return err
	}
	set.Annotations = pod.Scrape(metricsPort)
	set.Annotations[pod.ChecksumAnnotation] = checksum
	set.Claims = core.PersistentVolumeClaimTypeArray{volume.Claim()}
	set.Volumes = podVolumes(config, secret, s.args.Monitor)
	set.Containers = core.ContainerArray{s.args.serverContainer(), s.args.exporterContainer()}
	created, err := apps.NewStatefulSet(ctx, s.name, set.StatefulSet(), child)
	if err != nil {
		return fmt.Errorf("create StatefulSet %s: %w", s.name, err)
	}
	if err := pod.NewServices(ctx, s.name, set, []pod.Port{{Name: "postgresql", Number: port}}, child); err != nil {
		return err
	}
	return s.createBackups(ctx, set, volume.ClaimName, config, secret, created)
}

// roles are all that need a password.
func (s *Server) roles() []string {
	roles := []string{superuser, s.args.Monitor}
	for _, d := range s.args.Databases {
		roles = append(roles, d.Owner)
	}
	return roles
}

// passwordFiles are one file per role, as the scripts read them.
func passwordFiles(passwords map[string]pulumi.StringOutput) pulumi.StringMapOutput {
	files := pulumi.StringMap{}
	for role, password := range passwords {
		files[role] = password
	}
	return files.ToStringMapOutput()
}
