// Package rabbitmq runs one RabbitMQ 4 broker on a node's local volume. Queues, users and policies are
// definitions that it imports when it starts.
package rabbitmq

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const brokerType = "kubeadm-aws:rabbitmq:Broker"

// Broker is a running RabbitMQ broker.
type Broker struct {
	pulumi.ResourceState

	// Host is the broker's name inside the cluster.
	Host pulumi.StringOutput
	// Port of AMQP.
	Port int

	name      string
	args      BrokerArgs
	passwords map[string]pulumi.StringOutput // by user
}

// NewBroker makes the broker; its StatefulSet and its Service are called name.
func NewBroker(ctx *pulumi.Context, name string, args *BrokerArgs, opts ...pulumi.ResourceOption) (*Broker, error) {
	if args == nil {
		return nil, fmt.Errorf("rabbitmq %s: arguments are missing", name)
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

// URL is the address of the virtual host with a user's credentials, as a secret.
func (b *Broker) URL(user string) (pulumi.StringOutput, error) {
	password, known := b.passwords[user]
	if !known {
		return pulumi.StringOutput{}, fmt.Errorf("rabbitmq %s has no user %q", b.name, user)
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
	set := pod.Pod{
		Name: b.name, Namespace: b.args.Namespace, Placement: b.args.Placement, UID: imageUID,
		Labels:       pod.Labels("rabbitmq", b.name, "server"),
		GraceSeconds: 120, // to write queues down
	}
	volume, err := localvolume.NewVolume(ctx, b.name, &localvolume.VolumeArgs{
		Storage: b.args.Storage, Namespace: b.args.Namespace, StatefulSet: b.name, Labels: set.Labels,
	}, child)
	if err != nil {
		return err
	}
	config, err := pod.NewConfigMap(ctx, b.name+"-config", set, map[string]string{
		"rabbitmq.conf":   ConfigFor(b.args.Resources.Limits.MemoryMiB, b.args.Storage.SizeGiB, b.args.PermitTransientQueues).Render(),
		"enabled_plugins": EnabledPlugins(),
	}, child)
	if err != nil {
		return err
	}
	secret, checksum, err := pod.NewSecret(ctx, b.name+"-definitions", set, b.definitions(), child)
	if err != nil {
		return err
	}
	set.Annotations = pod.Scrape(metricsPort)
	set.Annotations[pod.ChecksumAnnotation] = checksum
	set.Claims = core.PersistentVolumeClaimTypeArray{volume.Claim()}
	set.Volumes = core.VolumeArray{
		pod.ConfigVolume("config", config),
		pod.SecretVolume("definitions", secret),
		pod.Scratch("home", 64),
		pod.Scratch("tmp", 64),
	}
	set.Containers = core.ContainerArray{b.args.container()}
	if _, err := apps.NewStatefulSet(ctx, b.name, set.StatefulSet(), child); err != nil {
		return fmt.Errorf("create StatefulSet %s: %w", b.name, err)
	}
	return pod.NewServices(ctx, b.name, set, []pod.Port{{Name: "amqp", Number: port}}, child)
}

// definitions is the file that the broker imports. It is a Secret, since it holds hashes of passwords.
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
