package encryption

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func args() KeyArgs {
	return KeyArgs{
		Account: "000000000000", Region: "ap-northeast-2", Users: []string{"arn:aws:iam::000000000000:role/node"},
		Builders: []string{"arn:aws:iam::000000000000:user/simulated"}, LogGroups: []string{"/dev/*"},
	}
}

func deploy(t *testing.T, args KeyArgs) (*mocks.Mocks, *awssim.Cloud, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	return recorded, cloud, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewKey(ctx, "dev", &args)
		return err
	}, pulumi.WithMocks("project", "stack", recorded))
}

func TestNewKey(t *testing.T) {
	for _, protect := range []bool{true, false} {
		a := args()
		a.DeletionProtection = protect
		recorded, cloud, err := deploy(t, a)
		require.NoError(t, err)
		component, key, alias := recorded.One(t, typeToken, "dev"), recorded.One(t, "aws:kms/key:Key", "dev"), recorded.One(t, "aws:kms/alias:Alias", "dev")
		assert.Equal(t, component.URN, key.Parent)
		assert.Equal(t, component.URN, alias.Parent)
		assert.Equal(t, true, key.Value("enableKeyRotation"))
		assert.Equal(t, "alias/dev", alias.Value("name"))
		assert.Equal(t, protect, *key.Protect)
		assert.Equal(t, "arn:aws:kms:ap-northeast-2:000000000000:key/"+key.ID, cloud.KeyARN("alias/dev"))
	}
}

// Nobody but the users decrypts, not even whoever administers the key; the policy does not lock its administrators out.
func TestPolicy(t *testing.T) {
	a := args()
	a.Readers = []Reader{{Principals: []string{"arn:aws:iam::000000000000:user/reader"}, Parameters: []string{"arn:aws:ssm:r:0:parameter/a"}}}
	a.Starters = []string{"arn:aws:iam::000000000000:role/night"}
	recorded, _, err := deploy(t, a)
	require.NoError(t, err)
	const account = `"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Resource":"*"`
	const use = `"kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*"`
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"Administer",`+account+`,"Action":["kms:CancelKeyDeletion","kms:CreateAlias","kms:DeleteAlias","kms:Describe*","kms:Disable*","kms:Enable*",
			"kms:Get*","kms:List*","kms:Put*","kms:Revoke*","kms:RotateKeyOnDemand","kms:ScheduleKeyDeletion","kms:TagResource","kms:UntagResource","kms:Update*"]},
		{"Sid":"Use",`+account+`,"Action":[`+use+`],"Condition":{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::000000000000:role/node"]}}},
		{"Sid":"Volumes",`+account+`,"Action":["kms:CreateGrant"],"Condition":{
			"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::000000000000:user/simulated","arn:aws:iam::000000000000:role/night"]},
			"StringEquals":{"kms:ViaService":"ec2.ap-northeast-2.amazonaws.com"},"Bool":{"kms:GrantIsForAWSResource":"true"}}},
		{"Sid":"Read1",`+account+`,"Action":["kms:Decrypt"],"Condition":{
			"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::000000000000:user/reader"]},"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":["arn:aws:ssm:r:0:parameter/a"]}}},
		{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logs.ap-northeast-2.amazonaws.com"},"Resource":"*","Action":[`+use+`,"kms:Describe*"],
			"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":["arn:aws:logs:ap-northeast-2:000000000000:log-group:/dev/*"]}}}]}`,
		recorded.One(t, "aws:kms/key:Key", "dev").Value("policy").(string))
}

func TestKeyArgs_Invalid(t *testing.T) {
	recorded, _, err := deploy(t, KeyArgs{Account: "1", Readers: []Reader{{Principals: []string{"*"}}}, Starters: []string{"arn:aws:iam::000000000000:group/g"}})
	for _, want := range []string{
		`Account: "1" must be the number`, "Region: not set", "Users: not set", `Readers: "*" must be the ARN`, `Starters: "arn:aws:iam::000000000000:group/g" must`,
	} {
		require.ErrorContains(t, err, want)
	}
	assert.Empty(t, recorded.All())
}

func TestIsPrincipal(t *testing.T) {
	for text, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/deployer": true, "arn:aws:iam::111122223333:user/team/kim": true,
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/ap-northeast-2/AWSReservedSSO_x": true,
		"arn:aws:iam::111122223333:role/*": false, "arn:aws:iam::111122223333:root": false, "*": false, "": false,
		"arn:aws:sts::111122223333:assumed-role/a/b": false, "arn:aws:iam::111122223333:role/": false,
	} {
		assert.Equal(t, want, IsPrincipal(text), text)
	}
}
