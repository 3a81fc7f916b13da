// Package postgresql deploys a PostgreSQL 15 server on a node's local volume, with an owner and a nightly dump per database
// and an exporter.
package postgresql

import (
	"errors"
	"fmt"
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/store"
)

const serverType = "kubeadm-aws:postgresql:Server"

// Server is a PostgreSQL server.
type Server struct {
	pulumi.ResourceState

	// Host is the server's DNS name inside the cluster.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port of the server.
	Port int `pulumi:"port"`

	name      string
	args      ServerArgs
	passwords map[string]pulumi.StringOutput // by role
}

// NewServer deploys the server. Its StatefulSet and its Service are named name.
func NewServer(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*Server, error) {
	if args == nil {
		return nil, fmt.Errorf("postgresql %s: args must not be nil", name)
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

// URL returns the address of the database of an owner or a client with that role's credentials, as a secret.
func (s *Server) URL(role string) (pulumi.StringOutput, error) {
	for _, d := range s.args.Databases {
		if slices.Contains(d.logins(), role) {
			return credentials.URL{
				Scheme: "postgresql", User: role, Password: s.passwords[role],
				Host: s.Host, Port: s.Port, Path: d.Name,
			}.Output(), nil
		}
	}
	return pulumi.StringOutput{}, fmt.Errorf("postgresql %s has no owner or client %q", s.name, role)
}

// logins returns the owner and the clients.
func (d Database) logins() []string {
	roles := []string{d.Owner}
	for _, c := range d.Clients {
		roles = append(roles, c.Role)
	}
	return roles
}

func (s *Server) create(ctx *pulumi.Context) error {
	child := pulumi.Parent(s)
	var err error
	if s.passwords, err = credentials.NewPasswords(ctx, s.name, s.roles(), child); err != nil {
		return err
	}
	deployed, err := store.NewStore(ctx, s.name, &store.StoreArgs{
		Namespace: s.args.Namespace, Placement: s.args.Placement, Storage: &s.args.Storage,
		Software: "postgresql", UID: imageUID,
		// A fast shutdown rolls back open transactions and writes a checkpoint.
		GraceSeconds: 120,
		Port:         pod.Port{Name: "postgresql", Number: port}, MetricsPort: metricsPort,
		Files: s.args.files(), SecretSuffix: "passwords", SecretFiles: passwordFiles(s.passwords),
		Volumes: func(config, secret pulumi.StringInput) core.VolumeArray {
			return podVolumes(config, secret, s.args.Monitor)
		},
		Containers: func(pulumi.StringInput) core.ContainerArray {
			return core.ContainerArray{s.args.serverContainer(), s.args.exporterContainer()}
		},
	}, child)
	if err != nil {
		return err
	}
	return s.createBackups(ctx, deployed)
}

// roles returns the roles that need a password.
func (s *Server) roles() []string {
	roles := []string{superuser, s.args.Monitor}
	for _, d := range s.args.Databases {
		roles = append(append(roles, d.dumpRole()), d.logins()...)
	}
	return roles
}

// passwordFiles returns a file per role, as the scripts read them.
func passwordFiles(passwords map[string]pulumi.StringOutput) pulumi.StringMapOutput {
	files := pulumi.StringMap{}
	for role, password := range passwords {
		files[role] = password
	}
	return files.ToStringMapOutput()
}
