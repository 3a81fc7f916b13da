package awssim_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dlm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sdkTypes pair each modeled type with the SDK's arguments and resource.
var sdkTypes = map[string]struct {
	args     pulumi.Input
	resource any
}{
	"aws:ec2/vpc:Vpc":       {ec2.VpcArgs{}, ec2.Vpc{}},
	"aws:ec2/subnet:Subnet": {ec2.SubnetArgs{}, ec2.Subnet{}},
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation":        {ec2.SubnetCidrReservationArgs{}, ec2.SubnetCidrReservation{}},
	"aws:ec2/internetGateway:InternetGateway":                    {ec2.InternetGatewayArgs{}, ec2.InternetGateway{}},
	"aws:ec2/routeTable:RouteTable":                              {ec2.RouteTableArgs{}, ec2.RouteTable{}},
	"aws:ec2/route:Route":                                        {ec2.RouteArgs{}, ec2.Route{}},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":        {ec2.RouteTableAssociationArgs{}, ec2.RouteTableAssociation{}},
	"aws:ec2/eip:Eip":                                            {ec2.EipArgs{}, ec2.Eip{}},
	"aws:ec2/eipAssociation:EipAssociation":                      {ec2.EipAssociationArgs{}, ec2.EipAssociation{}},
	"aws:ec2/natGateway:NatGateway":                              {ec2.NatGatewayArgs{}, ec2.NatGateway{}},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                            {ec2.VpcEndpointArgs{}, ec2.VpcEndpoint{}},
	"aws:ec2/securityGroup:SecurityGroup":                        {ec2.SecurityGroupArgs{}, ec2.SecurityGroup{}},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":  {awsvpc.SecurityGroupIngressRuleArgs{}, awsvpc.SecurityGroupIngressRule{}},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":    {awsvpc.SecurityGroupEgressRuleArgs{}, awsvpc.SecurityGroupEgressRule{}},
	"aws:ec2/instance:Instance":                                  {ec2.InstanceArgs{}, ec2.Instance{}},
	"aws:ebs/volume:Volume":                                      {ebs.VolumeArgs{}, ebs.Volume{}},
	"aws:ec2/volumeAttachment:VolumeAttachment":                  {ec2.VolumeAttachmentArgs{}, ec2.VolumeAttachment{}},
	"aws:ec2/keyPair:KeyPair":                                    {ec2.KeyPairArgs{}, ec2.KeyPair{}},
	"aws:iam/role:Role":                                          {iam.RoleArgs{}, iam.Role{}},
	"aws:iam/rolePolicy:RolePolicy":                              {iam.RolePolicyArgs{}, iam.RolePolicy{}},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":        {iam.OpenIdConnectProviderArgs{}, iam.OpenIdConnectProvider{}},
	"aws:s3/bucketObjectv2:BucketObjectv2":                       {s3.BucketObjectv2Args{}, s3.BucketObjectv2{}},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":          {iam.RolePolicyAttachmentArgs{}, iam.RolePolicyAttachment{}},
	"aws:iam/instanceProfile:InstanceProfile":                    {iam.InstanceProfileArgs{}, iam.InstanceProfile{}},
	"aws:lb/loadBalancer:LoadBalancer":                           {lb.LoadBalancerArgs{}, lb.LoadBalancer{}},
	"aws:lb/listener:Listener":                                   {lb.ListenerArgs{}, lb.Listener{}},
	"aws:lb/listenerRule:ListenerRule":                           {lb.ListenerRuleArgs{}, lb.ListenerRule{}},
	"aws:lb/targetGroup:TargetGroup":                             {lb.TargetGroupArgs{}, lb.TargetGroup{}},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":         {lb.TargetGroupAttachmentArgs{}, lb.TargetGroupAttachment{}},
	"aws:acm/certificate:Certificate":                            {acm.CertificateArgs{}, acm.Certificate{}},
	"aws:acm/certificateValidation:CertificateValidation":        {acm.CertificateValidationArgs{}, acm.CertificateValidation{}},
	"aws:route53/record:Record":                                  {route53.RecordArgs{}, route53.Record{}},
	"aws:ssm/parameter:Parameter":                                {ssm.ParameterArgs{}, ssm.Parameter{}},
	"aws:s3/bucketV2:BucketV2":                                   {s3.BucketV2Args{}, s3.BucketV2{}},
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": {s3.BucketCorsConfigurationV2Args{}, s3.BucketCorsConfigurationV2{}},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":     {s3.BucketPublicAccessBlockArgs{}, s3.BucketPublicAccessBlock{}},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {s3.BucketServerSideEncryptionConfigurationV2Args{}, s3.BucketServerSideEncryptionConfigurationV2{}},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {s3.BucketVersioningV2Args{}, s3.BucketVersioningV2{}},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {s3.BucketLifecycleConfigurationV2Args{}, s3.BucketLifecycleConfigurationV2{}},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {s3.BucketOwnershipControlsArgs{}, s3.BucketOwnershipControls{}},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {s3.BucketPolicyArgs{}, s3.BucketPolicy{}},
	"aws:cloudwatch/metricAlarm:MetricAlarm":                                                     {cloudwatch.MetricAlarmArgs{}, cloudwatch.MetricAlarm{}},
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                                          {ec2.DefaultSecurityGroupArgs{}, ec2.DefaultSecurityGroup{}},
	"aws:ec2/flowLog:FlowLog":                                                                    {ec2.FlowLogArgs{}, ec2.FlowLog{}},
	"aws:cloudwatch/logGroup:LogGroup":                                                           {cloudwatch.LogGroupArgs{}, cloudwatch.LogGroup{}},
	"aws:dlm/lifecyclePolicy:LifecyclePolicy":                                                    {dlm.LifecyclePolicyArgs{}, dlm.LifecyclePolicy{}},
	"aws:ssm/document:Document":                                                                  {ssm.DocumentArgs{}, ssm.Document{}},
	"aws:kms/key:Key":                                                                            {kms.KeyArgs{}, kms.Key{}},
	"aws:kms/alias:Alias":                                                                        {kms.AliasArgs{}, kms.Alias{}},
	"aws:scheduler/schedule:Schedule":                                                            {scheduler.ScheduleArgs{}, scheduler.Schedule{}},
	"aws:sns/topic:Topic":                                                                        {sns.TopicArgs{}, sns.Topic{}},
	"aws:sns/topicSubscription:TopicSubscription":                                                {sns.TopicSubscriptionArgs{}, sns.TopicSubscription{}},
	"aws:budgets/budget:Budget":                                                                  {budgets.BudgetArgs{}, budgets.Budget{}},
}

// withoutSDK are types whose SDK has 200,000 lines: components register them without it, and nothing compares them.
var withoutSDK = []string{"aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"}

// TestSchema_MatchesSDK: every input of the SDK is modeled or refused by name, with its kind and fields, and every
// output is there with the type that the SDK decodes.
func TestSchema_MatchesSDK(t *testing.T) {
	schemas, outputs := awssim.Schemas(), awssim.OneOfEachOutputs(t)
	require.Len(t, sdkTypes, len(schemas)-len(withoutSDK))
	for _, token := range withoutSDK {
		require.Contains(t, schemas, token)
	}
	for token, sdk := range sdkTypes {
		t.Run(token, func(t *testing.T) {
			schema := schemas[token]
			given := fields(sdk.args.(interface{ ElementType() reflect.Type }).ElementType())
			for name, typ := range given {
				p, modeled := schema.Inputs[name]
				refused := slices.Contains(schema.Refused, name)
				assert.NotEqual(t, modeled, refused, "input %q must be either modeled or refused", name)
				if modeled {
					checkProperty(t, name, p, typ)
				}
			}
			for name := range schema.Inputs {
				assert.Contains(t, given, name, "no such input")
			}
			for _, name := range schema.Refused {
				assert.Contains(t, given, name, "no such input")
			}
			got := fields(reflect.TypeOf(sdk.resource))
			for name, typ := range got {
				_, isInput := schema.Inputs[name]
				assert.True(t, isInput || slices.Contains(schema.Outputs, name) || slices.Contains(schema.Refused, name) || name == "tagsAll", "output %q", name)
				for _, one := range outputs[token] {
					if value, exists := one[name]; exists {
						checkValue(t, name, value, reflect.Zero(typ).Interface().(pulumi.Output).ElementType())
					}
				}
			}
			for _, name := range schema.Outputs {
				assert.Contains(t, got, name, "no such output")
				for _, one := range outputs[token] {
					assert.Contains(t, one, name, "an output that a preview calls unknown must be there afterwards")
				}
			}
		})
	}
}

// fields are a struct's properties by their Pulumi name.
func fields(typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range typ.NumField() {
		if name := typ.Field(i).Tag.Get("pulumi"); name != "" {
			out[name] = typ.Field(i).Type
		}
	}
	return out
}

func checkProperty(t *testing.T, path string, p awssim.PropertySchema, typ reflect.Type) {
	t.Helper()
	kind, plain := goKind(typ)
	if kind != "any" {
		assert.Equal(t, kind, p.Kind, path)
	}
	if typ.Kind() == reflect.String || typ.Kind() == reflect.Int {
		assert.True(t, p.Required, "%s is required by the SDK", path)
	}
	if plain.Kind() != reflect.Struct {
		return
	}
	inner := fields(plain)
	for name, field := range p.Fields {
		if assert.Contains(t, inner, name, path) {
			checkProperty(t, path+"."+name, field, inner[name])
		}
	}
}

// goKind names a Go type as the model does, and strips pointers and slices of structs.
func goKind(typ reflect.Type) (string, reflect.Type) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ.Kind() {
	case reflect.Interface:
		return "any", typ
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Struct {
			return "structs", typ.Elem()
		}
	}
	return typ.Kind().String(), typ
}

// checkValue reports whether the SDK can decode a value into its type.
func checkValue(t *testing.T, path string, value any, typ reflect.Type) {
	t.Helper()
	kind, plain := goKind(typ)
	want := map[string]string{
		"string": "string", "bool": "bool", "int": "float64", "float64": "float64", "map": "map[string]interface {}",
		"slice": "[]interface {}", "struct": "map[string]interface {}", "structs": "[]interface {}",
	}[kind]
	if kind == "any" || !assert.Equal(t, want, fmt.Sprintf("%T", value), path) || plain.Kind() != reflect.Struct {
		return
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	inner := fields(plain)
	for _, element := range list {
		for name, field := range element.(map[string]any) {
			if typ, known := inner[name]; assert.True(t, known, "%s.%s is not in the SDK", path, name) {
				checkValue(t, path+"."+name, field, typ)
			}
		}
	}
}
