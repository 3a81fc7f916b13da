package cost

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegistered_UnknownInputsAndTheirResources(t *testing.T) {
	list, err := Registered(t.Context(), "project", "stack", func(ctx *pulumi.Context) error {
		parent := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("test:index:Parent", "parent", parent); err != nil {
			return err
		}
		vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")}, pulumi.Parent(parent))
		if err != nil {
			return err
		}
		subnet, err := ec2.NewSubnet(ctx, "public", &ec2.SubnetArgs{VpcId: vpc.ID(), MapPublicIpOnLaunch: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		secret := pulumi.ToSecret(vpc.Arn).(pulumi.StringOutput)
		if _, err := ssm.NewParameter(ctx, "secret", &ssm.ParameterArgs{Type: pulumi.String("String"), Value: secret}); err != nil {
			return err
		}
		hook, err := ctx.RegisterErrorHook("hook", func(*pulumi.ErrorHookArgs) (bool, error) { return false, nil })
		if err != nil {
			return err
		}
		hooks := pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})
		if _, err := ec2.NewEip(ctx, "imported", nil, pulumi.Import(pulumi.ID("eipalloc-1")), hooks); err != nil {
			return err
		}
		if _, err := ec2.GetVpc(ctx, "existing", pulumi.ID("vpc-1"), nil); err != nil {
			return err
		}
		if found, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{}); err != nil || found.Id != "" {
			return errors.New("a function must have an empty result")
		}
		subnet.ID().ApplyT(func(id string) (string, error) { return id, errors.New("the subnet exists") })
		return ctx.RegisterResourceOutputs(parent, pulumi.Map{"arn": secret})
	})
	require.NoError(t, err)
	require.Len(t, list, 4, "neither components nor resources that are read")
	assert.Equal(t, "aws:ec2/eip:Eip", list[0].Type, "an imported resource is billed, and one with a hook")
	subnet, vpc := list[1], list[2]
	assert.Equal(t, "aws:ec2/subnet:Subnet", subnet.Type)
	assert.True(t, subnet.Inputs["vpcId"].IsComputed())
	assert.True(t, subnet.Inputs["mapPublicIpOnLaunch"].BoolValue())
	assert.Equal(t, []string{vpc.URN}, subnet.Uses["vpcId"])
	assert.Equal(t, "urn:pulumi:stack::project::test:index:Parent$aws:ec2/vpc:Vpc::net", vpc.URN)
}

func TestRegistered_ErrorOfTheProgram(t *testing.T) {
	_, err := Registered(t.Context(), "project", "stack", func(*pulumi.Context) error { return errors.New("no such node") })
	assert.ErrorContains(t, err, "no such node")
}
