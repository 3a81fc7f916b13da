// Package cluster composes a VPC, security groups, EC2 instances and kubeadm into a Kubernetes cluster, described by a
// table of nodes.
package cluster

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/podidentity"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/components/securitygroup"
)

const typeToken = "kubeadm-aws:cluster:Cluster"

// Cluster is a Kubernetes cluster on EC2 instances.
type Cluster struct {
	pulumi.ResourceState

	// Kubeconfig is an administrator's kubeconfig, a secret. It resolves once the control plane has published it.
	Kubeconfig pulumi.StringOutput `pulumi:"kubeconfig"`
	// APIServerURL is the URL of the API server as the program reaches it.
	APIServerURL pulumi.StringOutput `pulumi:"apiServerUrl"`
	// VpcID identifies the VPC.
	VpcID pulumi.IDOutput `pulumi:"vpcId"`
	// InstanceIDs are EC2's identifiers, i-…, by node name.
	InstanceIDs pulumi.StringMapOutput `pulumi:"instanceIds"`

	// Vpc holds the subnets by zone.
	Vpc *network.Vpc `pulumi:"vpc"`
	// Backups is the bucket that holds the backups of etcd and of the cluster's certificate authorities.
	Backups *bucket.Bucket `pulumi:"backups"`
	// Issuer is the identity provider of the pods, for podidentity.NewRole.
	Issuer *podidentity.Issuer `pulumi:"issuer"`
	// Instances are the instances by node name.
	Instances map[string]*instance.Instance `pulumi:"instances"`

	name       string
	args       *ClusterArgs
	groups     *securitygroup.SecurityGroups
	kubeconfig *kubeconfig.Kubeconfig
}

// NewCluster creates the cluster called name, a DNS label that begins the names of its resources. The name of a node is
// also the name of its instance's resource, so node names are unique within a stack.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	settings := args.withDefaults()
	if err := settings.validate(name); err != nil {
		return nil, fmt.Errorf("cluster %s:\n%w", name, err)
	}
	c := &Cluster{name: name, args: settings, Instances: map[string]*instance.Instance{}}
	if err := ctx.RegisterComponentResource(typeToken, name, c, opts...); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: settings, cluster: c}
	for _, step := range []func() error{b.network, b.bootstrap, b.instances, b.kubeconfig} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", name, err)
		}
	}
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{
		"kubeconfig": c.Kubeconfig, "apiServerUrl": c.APIServerURL, "vpcId": c.VpcID, "instanceIds": c.InstanceIDs,
	}); err != nil {
		return nil, fmt.Errorf("cluster %s: outputs: %w", name, err)
	}
	return c, nil
}

// Joined resolves to the identifier of the node's instance once that instance has joined the cluster.
func (c *Cluster) Joined(node string) pulumi.StringOutput {
	return c.kubeconfig.Joined(node, c.Instances[node].InstanceID)
}

// SecurityGroupID returns the identifier of the group of a role or of MoreGroups.
func (c *Cluster) SecurityGroupID(name string) pulumi.StringInput { return c.groups.GroupID(name) }

// builder holds the state shared by the steps.
type builder struct {
	ctx     *pulumi.Context
	name    string
	args    *ClusterArgs
	cluster *Cluster

	groups   *securitygroup.SecurityGroups
	profiles map[string]pulumi.StringOutput
	// ready are the resources without which a booting instance would fail: routes, rules, permissions and backups.
	ready []pulumi.Resource
}

func (b *builder) parent() pulumi.ResourceOption { return pulumi.Parent(b.cluster) }

func (b *builder) network() (err error) {
	vpc := b.args.Network
	address, err := b.args.ControlPlaneIP()
	if err != nil {
		return err
	}
	vpc.ReservedIPs = append(slices.Clone(vpc.ReservedIPs), address)
	if b.cluster.Vpc, err = network.NewVpc(b.ctx, b.name, &vpc, b.parent()); err != nil {
		return err
	}
	b.cluster.VpcID = b.cluster.Vpc.ID
	b.groups, err = securitygroup.NewSecurityGroups(b.ctx, b.name, b.args.securityGroups(b.cluster.VpcID.ToStringOutput()), b.parent())
	b.cluster.groups = b.groups
	b.ready = append(b.ready, b.cluster.Vpc, b.groups)
	return err
}

func (b *builder) bootstrap() (err error) {
	// The latest backup lies outside the history and never expires, so that a cluster that was stopped for weeks can be restored.
	if b.cluster.Backups, err = bucket.NewBucket(b.ctx, b.name+"-backups", &bucket.BucketArgs{
		ExpirePrefix: kubeadm.BackupHistory, ExpireDays: b.args.BackupKeepDays, NoncurrentDays: b.args.BackupKeepDays,
		DeletionProtection: b.args.DeletionProtection, KeyARN: b.args.keyARN(), Users: b.args.BackupUsers,
	}, b.parent()); err != nil {
		return err
	}
	if b.cluster.Issuer, err = podidentity.NewIssuer(b.ctx, b.name, &podidentity.IssuerArgs{
		Region: b.args.Network.Region, DeletionProtection: b.args.DeletionProtection,
	}, b.parent()); err != nil {
		return err
	}
	bootstrap, err := kubeadm.NewBootstrap(b.ctx, b.name, b.args.bootstrap(b.name, b.cluster.Backups.ARN, b.cluster.Issuer.Bucket.ARN), b.parent())
	if err != nil {
		return err
	}
	b.profiles = bootstrap.InstanceProfiles
	if b.args.Key != nil {
		b.ready = append(b.ready, b.args.Key)
	}
	b.ready = slices.Concat(b.ready, []pulumi.Resource{bootstrap}, b.cluster.Backups.Writable, b.cluster.Issuer.Bucket.Writable)
	return nil
}

func (b *builder) instances() error {
	image := b.args.AMI
	if image == nil {
		id, err := kubeconfig.Parameter(b.ctx, UbuntuImageParameter, b.parentOfInvoke())
		if err != nil {
			return fmt.Errorf("look up the Ubuntu image: %w", err)
		}
		image = pulumi.String(id)
	}
	ids := pulumi.StringMap{}
	for _, n := range b.args.Nodes {
		userData, err := b.userData(n)
		if err != nil {
			return err
		}
		args := b.args.instance(n)
		args.AMI, args.UserData = image, userData
		args.SubnetID = b.subnet(n.Zone)
		groups := pulumi.StringArray{b.groups.GroupID(n.Role)}
		for _, group := range n.Groups {
			groups = append(groups, b.groups.GroupID(group))
		}
		args.SecurityGroupIDs = groups
		args.InstanceProfile = b.profiles[n.Name]
		created, err := instance.NewInstance(b.ctx, n.Name, args, b.parent(), pulumi.DependsOn(b.ready))
		if err != nil {
			return err
		}
		b.cluster.Instances[n.Name], ids[n.Name] = created, created.InstanceID
	}
	b.cluster.InstanceIDs = ids.ToStringMapOutput()
	return nil
}

// parentOfInvoke lets a data source use the AWS provider that the component was given.
func (b *builder) parentOfInvoke() pulumi.InvokeOption { return pulumi.Parent(b.cluster) }

func (b *builder) subnet(zone string) pulumi.StringInput {
	if b.args.PrivateNodes {
		return b.cluster.Vpc.PrivateSubnets[zone].ID()
	}
	return b.cluster.Vpc.PublicSubnets[zone].ID()
}

// userData renders the node's user data. That of the control plane holds the names of buckets, which are not known in a first
// preview; the rest was validated before.
func (b *builder) userData(n Node) (pulumi.StringInput, error) {
	if n.Role != RoleControlPlane {
		text, err := b.args.userData(b.name, n, Buckets{})
		return pulumi.String(text), err
	}
	return pulumi.All(b.cluster.Backups.Name, b.cluster.Issuer.Bucket.Name).ApplyT(func(names []any) (string, error) {
		return b.args.userData(b.name, n, Buckets{Backups: names[0].(string), Issuer: names[1].(string)})
	}).(pulumi.StringOutput), nil
}

func (b *builder) kubeconfig() (err error) {
	controlPlane := b.args.controlPlane().Name
	machine := b.cluster.Instances[controlPlane]
	b.cluster.APIServerURL = pulumi.String(b.args.APIServerURL).ToStringOutput()
	if b.args.APIServerURL == "" {
		b.cluster.APIServerURL = pulumi.Sprintf("https://%s:%d", machine.PublicIP, ports.APIServer)
	}
	b.cluster.kubeconfig, err = kubeconfig.NewKubeconfig(b.ctx, b.name, &kubeconfig.KubeconfigArgs{
		Cluster: b.name, Identity: b.args.Identity, ControlPlane: controlPlane, InstanceID: machine.InstanceID, Server: b.cluster.APIServerURL, Connect: b.args.Connect,
		Timeout: b.args.BootTimeout, PollInterval: b.args.PollInterval, FailedGrace: b.args.FailedGrace,
		// Resources in the cluster depend on the kubeconfig, and must be destroyed before the instance's volume and address.
	}, b.parent(), pulumi.DependsOn([]pulumi.Resource{machine}))
	if err != nil {
		return err
	}
	b.cluster.Kubeconfig = b.cluster.kubeconfig.Content
	return nil
}
