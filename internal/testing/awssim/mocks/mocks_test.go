package mocks_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const (
	ubuntu   = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

// program is a small cluster: a network, one machine that reports through a parameter, and an object that needs the report.
type program struct {
	// machines is how many there are; subnet is their range.
	machines int
	subnet   string
	// reports: the program waits for the first machine's report.
	reports bool
}

func (p program) run(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:      pulumi.String("ap-northeast-2"),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{"Project": pulumi.String("test")}},
	})
	if err != nil {
		return err
	}
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource("test:index:Cluster", "cluster", component, pulumi.Providers(provider)); err != nil {
		return err
	}
	opts := []pulumi.ResourceOption{pulumi.Parent(component)}
	subnet, group, err := p.network(ctx, opts)
	if err != nil {
		return err
	}
	profile, err := p.profile(ctx, opts)
	if err != nil {
		return err
	}
	image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: ubuntu}, pulumi.Parent(component))
	if err != nil {
		return err
	}
	report, err := ssm.NewParameter(ctx, "report", &ssm.ParameterArgs{
		Name: pulumi.String("/c/report"), Type: pulumi.String("SecureString"), Value: pulumi.String("pending"),
	}, append(opts, pulumi.IgnoreChanges([]string{"value"}))...)
	if err != nil {
		return err
	}
	for i := range p.machines {
		name := fmt.Sprintf("node-%d", i)
		machine, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
			Ami: pulumi.String(image.Value), InstanceType: pulumi.String("t3.nano"), SubnetId: subnet.ID(),
			VpcSecurityGroupIds: pulumi.StringArray{group.ID()}, IamInstanceProfile: profile.Name,
			UserDataBase64: pulumi.ToSecret(pulumi.String("I2Nsb3VkLWNvbmZpZw==")).(pulumi.StringOutput),
			Tags:           pulumi.StringMap{"Name": pulumi.String(name)},
		}, append(opts, pulumi.DependsOn([]pulumi.Resource{report}), pulumi.Protect(true))...)
		if err != nil {
			return err
		}
		if i == 0 && p.reports {
			if err := p.useReport(ctx, machine, opts); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p program) network(ctx *pulumi.Context, opts []pulumi.ResourceOption) (*ec2.Subnet, *ec2.SecurityGroup, error) {
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")}, opts...)
	if err != nil {
		return nil, nil, err
	}
	subnet, err := ec2.NewSubnet(ctx, "public", &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String(p.subnet)}, opts...)
	if err != nil {
		return nil, nil, err
	}
	group, err := ec2.NewSecurityGroup(ctx, "nodes", &ec2.SecurityGroupArgs{VpcId: vpc.ID()}, opts...)
	if err != nil {
		return nil, nil, err
	}
	_, err = awsvpc.NewSecurityGroupIngressRule(ctx, "api", &awsvpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), ReferencedSecurityGroupId: group.ID(),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(6443), ToPort: pulumi.Int(6443),
	}, opts...)
	return subnet, group, err
}

func (p program) profile(ctx *pulumi.Context, opts []pulumi.ResourceOption) (*iam.InstanceProfile, error) {
	role, err := iam.NewRole(ctx, "node", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trustEC2)}, opts...)
	if err != nil {
		return nil, err
	}
	if _, err := iam.NewRolePolicy(ctx, "report", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"arn:aws:ssm:*:*:parameter/c/*"}]}`,
	)}, opts...); err != nil {
		return nil, err
	}
	return iam.NewInstanceProfile(ctx, "node", &iam.InstanceProfileArgs{Role: role.Name}, opts...)
}

// useReport polls for the machine's report, as a program that waits for its cluster does.
func (p program) useReport(ctx *pulumi.Context, machine *ec2.Instance, opts []pulumi.ResourceOption) error {
	report := machine.ID().ToStringOutput().ApplyT(func(id string) (string, error) {
		for {
			found, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: "/c/report", WithDecryption: pulumi.BoolRef(true)})
			if err != nil {
				return "", err
			}
			if strings.Contains(found.Value, id) {
				return found.Value, nil
			}
		}
	}).(pulumi.StringOutput)
	_, err := core.NewConfigMap(ctx, "report", &core.ConfigMapArgs{
		Metadata: &meta.ObjectMetaArgs{Namespace: pulumi.String("app")}, Data: pulumi.StringMap{"report": report},
	}, opts...)
	return err
}

func run(t *testing.T, c *awssim.Cloud, f pulumi.RunFunc) (*mocks.Mocks, error) {
	t.Helper()
	t.Cleanup(c.Close)
	m := mocks.New(c)
	return m, pulumi.RunErr(f, pulumi.WithMocks("project", "stack", m))
}

// reporting boots by writing the machine's identifier to the report, once IAM allows it.
func reporting(t *testing.T) func(context.Context, *awssim.Machine) {
	return func(_ context.Context, m *awssim.Machine) {
		if m.Name == "node-0" {
			assert.NoError(t, retryDenied(func() error { return m.PutParameter("/c/report", "ready "+m.ID) }))
		}
	}
}

// retryDenied waits for the role's policy, which the program may create after the machine.
func retryDenied(f func() error) error {
	var err error
	for range 1000 {
		if err = f(); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			return err
		}
	}
	return err
}

func TestMocks_Program(t *testing.T) {
	c := awssim.New(awssim.Options{Boot: reporting(t)})
	m, err := run(t, c, program{machines: 2, subnet: "10.0.0.0/24", reports: true}.run)
	require.NoError(t, err)
	require.NoError(t, c.WaitBoots(t.Context()))

	node, ok := m.Named("aws:ec2/instance:Instance", "node-0")
	require.True(t, ok)
	assert.Equal(t, "urn:pulumi:stack::project::test:index:Cluster$aws:ec2/instance:Instance::node-0", node.URN)
	assert.Equal(t, "urn:pulumi:stack::project::test:index:Cluster::cluster", node.Parent)
	assert.True(t, node.Inputs["userDataBase64"].IsSecret(), "secrets stay marked in the record")
	assert.True(t, node.Outputs["userDataBase64"].IsSecret(), "and in what the program gets back")
	require.NotNil(t, node.Protect)
	assert.True(t, *node.Protect)
	assert.Contains(t, node.Dependencies, "urn:pulumi:stack::project::test:index:Cluster$aws:ssm/parameter:Parameter::report")
	assert.Contains(t, node.Provider, "pulumi:providers:aws::aws::")
	tags := node.Outputs["tagsAll"].ObjectValue()
	assert.Equal(t, "test", tags["Project"].StringValue(), "default tags of the provider")
	assert.Equal(t, "node-0", tags["Name"].StringValue())
	assert.NotContains(t, node.Outputs["tags"].ObjectValue(), resource.PropertyKey("Project"))

	report, ok := m.Named("aws:ssm/parameter:Parameter", "report")
	require.True(t, ok)
	assert.Equal(t, []string{"value"}, report.IgnoreChanges)
	assert.True(t, report.Outputs["value"].IsSecret())
	component, ok := m.Named("test:index:Cluster", "cluster")
	require.True(t, ok)
	assert.False(t, component.Custom)
	config, ok := m.Named("kubernetes:core/v1:ConfigMap", "report")
	require.True(t, ok)
	assert.Regexp(t, `^app/report-[0-9a-f]{8}$`, config.ID)
	assert.Contains(t, config.Inputs["data"].ObjectValue()["report"].StringValue(), "ready "+node.ID)
	assert.ErrorContains(t, c.Reach("node-0", "node-1", "tcp", 6443), "no egress rule of security group nodes-",
		"a new group lets nothing out: the provider removes AWS's default rule")
}

// TestMocks_InvalidProgram: a request that EC2 would refuse fails the test of the program.
func TestMocks_InvalidProgram(t *testing.T) {
	for name, tt := range map[string]struct {
		p    program
		want string
	}{
		"subnet outside its VPC": {program{subnet: "10.1.0.0/24"}, "api error InvalidSubnet.Range"},
		"too many machines":      {program{subnet: "10.0.0.0/24", machines: 17}, "api error VcpuLimitExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, awssim.New(awssim.Options{}), tt.p.run)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestMocks_VolumeZoneMismatch(t *testing.T) {
	_, err := run(t, awssim.New(awssim.Options{}), func(ctx *pulumi.Context) error {
		vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
		if err != nil {
			return err
		}
		subnet, err := ec2.NewSubnet(ctx, "a", &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.0.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a")})
		if err != nil {
			return err
		}
		image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: ubuntu})
		if err != nil {
			return err
		}
		machine, err := ec2.NewInstance(ctx, "one", &ec2.InstanceArgs{Ami: pulumi.String(image.Value), InstanceType: pulumi.String("t3.nano"), SubnetId: subnet.ID()})
		if err != nil {
			return err
		}
		volume, err := ebs.NewVolume(ctx, "data", &ebs.VolumeArgs{AvailabilityZone: pulumi.String("ap-northeast-2b"), Size: pulumi.Int(10)})
		if err != nil {
			return err
		}
		_, err = ec2.NewVolumeAttachment(ctx, "data", &ec2.VolumeAttachmentArgs{DeviceName: pulumi.String("/dev/sdf"), InstanceId: machine.ID(), VolumeId: volume.ID()})
		return err
	})
	assert.ErrorContains(t, err, "api error InvalidVolume.ZoneMismatch")
}

func TestMocks_Lookups(t *testing.T) {
	c := awssim.New(awssim.Options{Quotas: map[string]float64{awssim.QuotaStandardVCPUs: 24}})
	_, err := run(t, c, func(ctx *pulumi.Context) error {
		zones, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{State: pulumi.StringRef("available")})
		require.NoError(t, err)
		assert.Equal(t, []string{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c", "ap-northeast-2d"}, zones.Names)
		assert.Equal(t, "apne2-az1", zones.ZoneIds[0])
		caller, err := aws.GetCallerIdentity(ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, "000000000000", caller.AccountId)
		quota, err := servicequotas.LookupServiceQuota(ctx, &servicequotas.LookupServiceQuotaArgs{
			ServiceCode: "ec2", QuotaCode: pulumi.StringRef(awssim.QuotaStandardVCPUs),
		})
		require.NoError(t, err)
		assert.Equal(t, 24.0, quota.Value)
		assert.Equal(t, 5.0, quota.DefaultValue)
		assert.Contains(t, quota.QuotaName, "Running On-Demand Standard")
		kind, err := ec2.GetInstanceType(ctx, &ec2.GetInstanceTypeArgs{InstanceType: "t3.large"})
		require.NoError(t, err)
		assert.Equal(t, 2, kind.DefaultVcpus)
		assert.Equal(t, 8192, kind.MemorySize)
		assert.Equal(t, []string{"x86_64"}, kind.SupportedArchitectures)
		_, err = ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: "/none"})
		assert.ErrorContains(t, err, "ParameterNotFound")
		_, err = ec2.LookupKeyPair(ctx, &ec2.LookupKeyPairArgs{KeyName: pulumi.StringRef("none")})
		assert.ErrorContains(t, err, "InvalidKeyPair.NotFound")
		_, err = aws.GetRegion(ctx, nil)
		assert.ErrorContains(t, err, `function "aws:index/getRegion:getRegion" is not modeled`)
		_, err = ec2.GetInstances(ctx, &ec2.GetInstancesArgs{Filters: []ec2.GetInstancesFilter{{Name: "color", Values: []string{"red"}}}})
		assert.NoError(t, err, "without instances no filter is asked")
		return nil
	})
	require.NoError(t, err)
}

func TestMocks_InstanceLookups(t *testing.T) {
	c := awssim.New(awssim.Options{})
	_, err := run(t, c, program{machines: 2, subnet: "10.0.0.0/24"}.run)
	require.NoError(t, err)
	_, err = run(t, c, func(ctx *pulumi.Context) error {
		all, err := ec2.GetInstances(ctx, &ec2.GetInstancesArgs{InstanceTags: map[string]string{"Project": "test"}})
		require.NoError(t, err)
		assert.Len(t, all.Ids, 2)
		one, err := ec2.GetInstances(ctx, &ec2.GetInstancesArgs{Filters: []ec2.GetInstancesFilter{{Name: "tag:Name", Values: []string{"node-1", "other"}}}})
		require.NoError(t, err)
		require.Len(t, one.Ids, 1)
		found, err := ec2.LookupInstance(ctx, &ec2.LookupInstanceArgs{InstanceId: &one.Ids[0], GetUserData: pulumi.BoolRef(true)})
		require.NoError(t, err)
		assert.Equal(t, "node-1", found.Tags["Name"])
		assert.Equal(t, one.PrivateIps[0], found.PrivateIp)
		assert.Equal(t, "I2Nsb3VkLWNvbmZpZw==", found.UserDataBase64)
		require.Len(t, found.RootBlockDevices, 1)
		assert.Equal(t, 8, found.RootBlockDevices[0].VolumeSize)
		assert.Equal(t, "optional", found.MetadataOptions[0].HttpTokens)
		_, err = ec2.LookupInstance(ctx, &ec2.LookupInstanceArgs{InstanceTags: map[string]string{"Project": "test"}})
		assert.ErrorContains(t, err, "returned 2 results")
		existing, err := ec2.GetInstance(ctx, "existing", pulumi.ID(one.Ids[0]), nil)
		require.NoError(t, err)
		existing.PrivateIp.ApplyT(func(ip string) string {
			assert.Equal(t, one.PrivateIps[0], ip)
			return ip
		})
		return nil
	})
	require.NoError(t, err)
}

func TestMocks_DeterministicRandom(t *testing.T) {
	passwords := func(length int) (resource.PropertyMap, error) {
		m, err := run(t, awssim.New(awssim.Options{}), func(ctx *pulumi.Context) error {
			if _, err := random.NewRandomPassword(ctx, "db", &random.RandomPasswordArgs{
				Length: pulumi.Int(length), Special: pulumi.Bool(false), MinNumeric: pulumi.Int(3),
			}); err != nil {
				return err
			}
			_, err := random.NewRandomBytes(ctx, "key", &random.RandomBytesArgs{Length: pulumi.Int(32)})
			return err
		})
		r, _ := m.Named("random:index/randomPassword:RandomPassword", "db")
		return r.Outputs, err
	}
	first, err := passwords(24)
	require.NoError(t, err)
	second, err := passwords(24)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	require.True(t, first["result"].IsSecret())
	assert.Regexp(t, `^[a-zA-Z0-9]{24}$`, first["result"].SecretValue().Element.StringValue())
	_, err = passwords(2)
	assert.ErrorContains(t, err, "must be at least 3")
}

func TestMocks_RandomTypes(t *testing.T) {
	m, err := run(t, awssim.New(awssim.Options{}), func(ctx *pulumi.Context) error {
		if _, err := random.NewRandomId(ctx, "id", &random.RandomIdArgs{ByteLength: pulumi.Int(4), Prefix: pulumi.String("p-")}); err != nil {
			return err
		}
		if _, err := random.NewRandomUuid(ctx, "uuid", nil); err != nil {
			return err
		}
		if _, err := random.NewRandomString(ctx, "string", &random.RandomStringArgs{
			Length: pulumi.Int(8), Lower: pulumi.Bool(false), Upper: pulumi.Bool(false), Numeric: pulumi.Bool(false), OverrideSpecial: pulumi.String("-"),
		}); err != nil {
			return err
		}
		_, err := random.NewRandomBytes(ctx, "bytes", &random.RandomBytesArgs{Length: pulumi.Int(16)})
		return err
	})
	require.NoError(t, err)
	output := func(token, name, property string) resource.PropertyValue {
		r, ok := m.Named(token, name)
		require.True(t, ok)
		return r.Outputs[resource.PropertyKey(property)]
	}
	assert.Regexp(t, `^p-[0-9a-f]{8}$`, output("random:index/randomId:RandomId", "id", "hex").StringValue())
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, output("random:index/randomUuid:RandomUuid", "uuid", "result").StringValue())
	assert.Equal(t, "--------", output("random:index/randomString:RandomString", "string", "result").StringValue())
	assert.Regexp(t, `^[0-9a-f]{32}$`, output("random:index/randomBytes:RandomBytes", "bytes", "hex").SecretValue().Element.StringValue())
	for name, f := range map[string]pulumi.RunFunc{
		"has no random:index/randomPet:RandomPet": func(ctx *pulumi.Context) error {
			_, err := random.NewRandomPet(ctx, "pet", nil)
			return err
		},
		"no character class is allowed": func(ctx *pulumi.Context) error {
			_, err := random.NewRandomString(ctx, "s", &random.RandomStringArgs{
				Length: pulumi.Int(8), Lower: pulumi.Bool(false), Upper: pulumi.Bool(false), Numeric: pulumi.Bool(false), Special: pulumi.Bool(false),
			})
			return err
		},
		"length: 0 must be at least 1": func(ctx *pulumi.Context) error {
			_, err := random.NewRandomString(ctx, "s", &random.RandomStringArgs{Length: pulumi.Int(0)})
			return err
		},
	} {
		_, err := run(t, awssim.New(awssim.Options{}), f)
		assert.ErrorContains(t, err, name)
	}
}

func TestMocks_KubernetesObjects(t *testing.T) {
	m, err := run(t, awssim.New(awssim.Options{}), func(ctx *pulumi.Context) error {
		if _, err := core.NewNamespace(ctx, "app", nil); err != nil {
			return err
		}
		if _, err := core.NewConfigMap(ctx, "one", &core.ConfigMapArgs{Metadata: &meta.ObjectMetaArgs{Name: pulumi.String("one")}}); err != nil {
			return err
		}
		if _, err := core.NewNodePatch(ctx, "node", &core.NodePatchArgs{Metadata: &meta.ObjectMetaPatchArgs{Name: pulumi.String("one")}}); err != nil {
			return err
		}
		if _, err := core.NewSecret(ctx, "key", &core.SecretArgs{
			Metadata:   &meta.ObjectMetaArgs{Name: pulumi.String("key"), Labels: pulumi.ToSecret(pulumi.StringMap{"a": pulumi.String("b")}).(pulumi.StringMapOutput)},
			StringData: pulumi.ToSecret(pulumi.StringMap{"k": pulumi.String("v")}).(pulumi.StringMapOutput),
		}); err != nil {
			return err
		}
		_, err := helmv3.NewRelease(ctx, "argo", &helmv3.ReleaseArgs{Chart: pulumi.String("argo-cd"), Namespace: pulumi.String("argocd")})
		return err
	})
	require.NoError(t, err)
	ids := map[string]string{}
	for _, r := range m.All() {
		ids[r.Name] = r.ID
	}
	assert.Regexp(t, `^app-[0-9a-f]{8}$`, ids["app"])
	assert.Equal(t, "default/one", ids["one"])
	assert.Equal(t, "one", ids["node"])
	assert.Regexp(t, `^argocd/argo-[0-9a-f]{8}$`, ids["argo"])
	key, _ := m.Named("kubernetes:core/v1:Secret", "key")
	assert.True(t, key.Outputs["metadata"].IsSecret())
	assert.True(t, key.Outputs["stringData"].IsSecret())
}

func TestMocks_Refused(t *testing.T) {
	for name, tt := range map[string]struct {
		f    pulumi.RunFunc
		want string
	}{
		"provider in another region": {func(ctx *pulumi.Context) error {
			_, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
			return err
		}, "the simulated AWS is the region ap-northeast-2"},
		"setting of a provider that is not modeled": {func(ctx *pulumi.Context) error {
			_, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("ap-northeast-2"), MaxRetries: pulumi.Int(3)})
			return err
		}, `property "maxRetries": unknown property`},
		"object with a name that is taken": {func(ctx *pulumi.Context) error {
			for _, name := range []string{"one", "two"} {
				if _, err := core.NewNamespace(ctx, name, &core.NamespaceArgs{Metadata: &meta.ObjectMetaArgs{Name: pulumi.String("app")}}); err != nil {
					return err
				}
			}
			return nil
		}, "AlreadyExists"},
		"namespace of a namespace": {func(ctx *pulumi.Context) error {
			_, err := core.NewNamespace(ctx, "n", &core.NamespaceArgs{Metadata: &meta.ObjectMetaArgs{Namespace: pulumi.String("app")}})
			return err
		}, "a Namespace has no namespace"},
		"object of no kind": {func(ctx *pulumi.Context) error {
			return ctx.RegisterResource("kubernetes:core/v1:Pod", "p", nil, &pulumi.CustomResourceState{})
		}, "has no apiVersion or no kind"},
		"release of no chart": {func(ctx *pulumi.Context) error {
			return ctx.RegisterResource("kubernetes:helm.sh/v3:Release", "r", nil, &pulumi.CustomResourceState{})
		}, "has no chart"},
		"release twice": {func(ctx *pulumi.Context) error {
			for _, name := range []string{"one", "two"} {
				if _, err := helmv3.NewRelease(ctx, name, &helmv3.ReleaseArgs{Chart: pulumi.String("c"), Name: pulumi.String("same")}); err != nil {
					return err
				}
			}
			return nil
		}, "AlreadyExists: helm default/same"},
		"resource that is not there": {func(ctx *pulumi.Context) error {
			_, err := ec2.GetInstance(ctx, "i", pulumi.ID("i-nope"), nil)
			return err
		}, `reading aws:ec2/instance:Instance: "i-nope" does not exist`},
		"resource of another provider": {func(ctx *pulumi.Context) error {
			return ctx.RegisterResource("gcp:storage/bucket:Bucket", "b", nil, &pulumi.CustomResourceState{})
		}, "the mocks support aws, random and kubernetes resources and components only"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, awssim.New(awssim.Options{}), tt.f)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// BenchmarkMachines runs the program with ever more machines; the time for one must not grow.
func BenchmarkMachines(b *testing.B) {
	for _, n := range []int{9, 90, 900} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				c := awssim.New(awssim.Options{Quotas: map[string]float64{awssim.QuotaStandardVCPUs: 2000}})
				p := program{machines: n, subnet: "10.0.0.0/20"}
				if err := pulumi.RunErr(p.run, pulumi.WithMocks("project", "stack", mocks.New(c))); err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/machine")
		})
	}
}
