package sessions

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/encryption"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const document = "aws:ssm/document:Document"

func deploy(t *testing.T, logGroup string) (*mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	return recorded, pulumi.RunErr(func(ctx *pulumi.Context) error {
		key, err := encryption.NewKey(ctx, "dev", &encryption.KeyArgs{
			Account: "000000000000", Region: "ap-northeast-2", Users: []string{"arn:aws:iam::000000000000:user/simulated"}, LogGroups: []string{logGroup},
		})
		if err != nil {
			return err
		}
		_, err = NewSessions(ctx, "dev", &SessionsArgs{Port: 6443, KeyARN: key.ARN})
		return err
	}, pulumi.WithMocks("project", "stack", recorded))
}

func TestNewSessions(t *testing.T) {
	recorded, err := deploy(t, LogGroup("dev"))
	require.NoError(t, err)
	group := recorded.One(t, "aws:cloudwatch/logGroup:LogGroup", "dev-sessions")
	assert.Equal(t, "/dev/sessions", group.Value("name"))
	assert.Contains(t, group.Value("kmsKeyId"), ":key/")
	assert.Equal(t, 90.0, group.Value("retentionInDays"))
	assert.JSONEq(t, `{"schemaVersion":"1.0","description":"Shell on an instance of dev, logged","sessionType":"Standard_Stream","inputs":{
		"cloudWatchLogGroupName":"/dev/sessions","cloudWatchEncryptionEnabled":true,"cloudWatchStreamingEnabled":true,"idleSessionTimeout":"20","runAsEnabled":false}}`,
		recorded.One(t, document, "dev-shell").Value("content").(string))
	assert.JSONEq(t, `{"schemaVersion":"1.0","description":"Forward to port 6443 of an instance of dev","sessionType":"Port",
		"parameters":{"localPortNumber":{"type":"string","description":"Port of this computer; 0 for any","allowedPattern":"^[0-9]{1,5}$","default":"0"}},
		"properties":{"portNumber":"6443","type":"LocalPortForwarding","localPortNumber":"{{ localPortNumber }}"}}`,
		recorded.One(t, document, "dev-forward").Value("content").(string), "the port of the instance must be no parameter")
}

func TestNewSessions_KeyMustAdmitTheLog(t *testing.T) {
	_, err := deploy(t, "/other/sessions")
	require.ErrorContains(t, err, "not allowed to be used with Arn")
}

func TestSessionsArgs_Invalid(t *testing.T) {
	err := (&SessionsArgs{}).Validate()
	require.ErrorContains(t, err, "Port: 0 must be a port")
	require.ErrorContains(t, err, "KeyARN: not set")
}
