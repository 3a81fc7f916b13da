// Package rabbitmq deploys a RabbitMQ 4 broker on a node's local volume. Queues, users and policies are definitions that the
// broker imports at every start.
package rabbitmq

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/store"
)

const brokerType = "kubeadm-aws:rabbitmq:Broker"

// Broker is a RabbitMQ broker.
type Broker struct {
	pulumi.ResourceState

	// Host is the broker's DNS name inside the cluster.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port of AMQP.
	Port int `pulumi:"port"`

	name      string
	args      BrokerArgs
	passwords map[string]pulumi.StringOutput // by user
}

// NewBroker deploys the broker. Its StatefulSet and its Service are named name.
func NewBroker(ctx *pulumi.Context, name string, args *BrokerArgs, opts ...pulumi.ResourceOption) (*Broker, error) {
	if args == nil {
		return nil, fmt.Errorf("rabbitmq %s: args must not be nil", name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("rabbitmq %s: %w", name, err)
	}
	b := &Broker{Port: port, name: name, args: args.withDefaults()}
	if err := ctx.RegisterComponentResource(brokerType, name, b, opts...); err != nil {
		return nil, fmt.Errorf("register rabbitmq %s: %w", name, err)
	}
	if err := b.create(ctx); err != nil {
		return nil, fmt.Errorf("rabbitmq %s: %w", name, err)
	}
	b.Host = pulumi.Sprintf("%s.%s.svc", name, args.Namespace)
	outputs := pulumi.Map{"host": b.Host, "port": pulumi.Int(b.Port)}
	if err := ctx.RegisterResourceOutputs(b, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of rabbitmq %s: %w", name, err)
	}
	return b, nil
}

// Password returns the password of a user, as a secret.
func (b *Broker) Password(user string) (pulumi.StringOutput, error) {
	password, known := b.passwords[user]
	if !known {
		return pulumi.StringOutput{}, fmt.Errorf("rabbitmq %s has no user %q", b.name, user)
	}
	return password, nil
}

// URL returns the address of the virtual host with a user's credentials, as a secret.
func (b *Broker) URL(user string) (pulumi.StringOutput, error) {
	password, err := b.Password(user)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return credentials.URL{
		Scheme: "amqp", User: user, Password: password, Host: b.Host, Port: b.Port, Path: b.args.VirtualHost,
	}.Output(), nil
}

func (b *Broker) create(ctx *pulumi.Context) error {
	child := pulumi.Parent(b)
	var users []string
	for _, u := range b.args.Users {
		users = append(users, u.Name)
	}
	var err error
	if b.passwords, err = credentials.NewPasswords(ctx, b.name, users, child); err != nil {
		return err
	}
	_, err = store.NewStore(ctx, b.name, &store.StoreArgs{
		Namespace: b.args.Namespace, Placement: b.args.Placement, Storage: &b.args.Storage,
		Software: "rabbitmq", UID: imageUID, GraceSeconds: 120, // to flush queues
		Port: pod.Port{Name: "amqp", Number: port}, MetricsPort: metricsPort,
		Files: map[string]string{
			"rabbitmq.conf":   ConfigFor(b.args.Resources.Limits.MemoryMiB, b.args.Storage.SizeGiB, b.args.PermitTransientQueues).Render(),
			"enabled_plugins": EnabledPlugins(),
			usersFile:         b.args.userTable(),
			removeUsersFile:   removeUsersScript,
		},
		SecretSuffix: "definitions", SecretFiles: b.definitions(),
		Volumes: func(config, secret pulumi.StringInput) core.VolumeArray {
			return core.VolumeArray{
				pod.ConfigVolume("config", config),
				pod.SecretVolume("definitions", secret),
				pod.Scratch("home", 64),
				pod.Scratch("tmp", 64),
			}
		},
		Containers: func(pulumi.StringInput) core.ContainerArray { return core.ContainerArray{b.args.container()} },
	}, child)
	return err
}

// definitions returns the file that the broker imports. It is a secret, since it contains hashes of passwords.
func (b *Broker) definitions() pulumi.StringMapOutput {
	passwords := pulumi.StringMap{}
	for user, password := range b.passwords {
		passwords[user] = password
	}
	return passwords.ToStringMapOutput().ApplyT(func(plain map[string]string) (map[string]string, error) {
		text, err := DefinitionsFor(b.args, plain).Render()
		return map[string]string{definitionsFile: text}, err
	}).(pulumi.StringMapOutput)
}
