package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const (
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	mine  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:PutParameter","ssm:GetParameter"],"Resource":"arn:aws:ssm:ap-northeast-2:000000000000:parameter/lab/mine"},` +
		`{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::backups","arn:aws:s3:::backups/*"]}]}`
	image = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
)

var userData = []byte("\x1f\x8b not really gzip")

// account returns the endpoints of an account with one instance, which may write one of two parameters.
func account(t *testing.T) (*Server, *awssim.Machine) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	ami, err := cloud.ReleaseImage(image)
	require.NoError(t, err)
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		vpc, err := ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
		require.NoError(t, err)
		subnet, err := ec2.NewSubnet(ctx, "subnet", &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.1.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a")})
		require.NoError(t, err)
		role, err := iam.NewRole(ctx, "node", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust)})
		require.NoError(t, err)
		policy, err := iam.NewRolePolicy(ctx, "node", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(mine)})
		require.NoError(t, err)
		profile, err := iam.NewInstanceProfile(ctx, "node", &iam.InstanceProfileArgs{Role: role.Name}, pulumi.DependsOn([]pulumi.Resource{policy}))
		require.NoError(t, err)
		_, err = s3.NewBucketV2(ctx, "backups", &s3.BucketV2Args{Bucket: pulumi.String("backups")})
		require.NoError(t, err)
		for _, name := range []string{"mine", "other"} {
			_, err := ssm.NewParameter(ctx, name, &ssm.ParameterArgs{Name: pulumi.String("/lab/" + name), Type: pulumi.String("String"), Value: pulumi.String("pending")})
			require.NoError(t, err)
		}
		_, err = ec2.NewInstance(ctx, "node", &ec2.InstanceArgs{
			Ami: pulumi.String(ami), InstanceType: pulumi.String("t3.small"), SubnetId: subnet.ID(), IamInstanceProfile: profile.Name,
			UserDataBase64: pulumi.String(base64.StdEncoding.EncodeToString(userData)), Tags: pulumi.StringMap{"Name": pulumi.String("node")},
		})
		return err
	}, pulumi.WithMocks("lab", "test", mocks.New(cloud)))
	require.NoError(t, err)
	instance, err := cloud.Machine("node")
	require.NoError(t, err)
	return NewServer(cloud), instance
}

// request sends a request to the metadata service from an address.
func request(api *Server, from, method, path string, headers ...string) *httptest.ResponseRecorder {
	sent := httptest.NewRequest(method, path, nil)
	sent.RemoteAddr = from + ":40000"
	for i := 0; i+1 < len(headers); i += 2 {
		sent.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	api.Metadata().ServeHTTP(answer, sent)
	return answer
}

func tokenOf(t *testing.T, api *Server, address string) string {
	t.Helper()
	answer := request(api, address, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60")
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

func TestMetadata_TokenOfTheSameInstance(t *testing.T) {
	api, instance := account(t)
	assert.Equal(t, http.StatusUnauthorized, request(api, instance.PrivateIP, "GET", "/latest/meta-data/instance-id").Code)
	assert.Equal(t, http.StatusNotFound, request(api, "10.0.9.9", "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60").Code)
	assert.Equal(t, http.StatusBadRequest, request(api, instance.PrivateIP, "PUT", "/latest/api/token").Code)
	header := []string{"X-aws-ec2-metadata-token", tokenOf(t, api, instance.PrivateIP)}
	assert.Equal(t, instance.ID, request(api, instance.PrivateIP, "GET", "/latest/meta-data/instance-id", header...).Body.String())
	assert.Equal(t, string(userData), request(api, instance.PrivateIP, "GET", "/latest/user-data", header...).Body.String())
	assert.Equal(t, instance.InstanceProfile, request(api, instance.PrivateIP, "GET", "/latest/meta-data/iam/security-credentials/", header...).Body.String())
	assert.Equal(t, http.StatusNotFound, request(api, instance.PrivateIP, "GET", "/latest/meta-data/public-keys/", header...).Code)
	replacement := api.ReplaceInstance(instance)
	assert.NotEqual(t, instance.ID, replacement)
	assert.Equal(t, replacement, request(api, instance.PrivateIP, "GET", "/latest/meta-data/instance-id", header...).Body.String())
}

// call signs a call with curl, as the boot scripts do.
func call(t *testing.T, url, access, secret, session, action, body string) (status string, answer map[string]any) {
	t.Helper()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("NOT RUN: curl is not installed")
	}
	output, err := exec.Command(curl, "-sS", "--noproxy", "*", "--aws-sigv4", "aws:amz:ap-northeast-2:ssm", "-u", access+":"+secret, "-H", "X-Amz-Security-Token: "+session,
		"-H", "X-Amz-Target: AmazonSSM."+action, "-H", "Content-Type: application/x-amz-json-1.1", "--data-binary", body, "-w", "\n%{http_code}", url+"/").Output()
	require.NoError(t, err)
	text, status, _ := strings.Cut(string(output), "\n\n")
	if status == "" {
		text, status, _ = strings.Cut(string(output), "\n")
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer), string(output))
	return status, answer
}

func TestSystemsManager_RoleAndFailures(t *testing.T) {
	api, instance := account(t)
	header := []string{"X-aws-ec2-metadata-token", tokenOf(t, api, instance.PrivateIP)}
	var keys struct{ AccessKeyId, SecretAccessKey, Token string }
	require.NoError(t, json.Unmarshal(request(api, instance.PrivateIP, "GET", "/latest/meta-data/iam/security-credentials/"+instance.InstanceProfile, header...).Body.Bytes(), &keys))
	server := httptest.NewServer(api.SystemsManager())
	defer server.Close()
	do := func(action, body string) (string, string) {
		status, answer := call(t, server.URL, keys.AccessKeyId, keys.SecretAccessKey, keys.Token, action, body)
		return status, fmt.Sprint(answer)
	}
	status, _ := do("PutParameter", `{"Name":"/lab/mine","Value":"written","Type":"String","Overwrite":true}`)
	require.Equal(t, "200", status)
	value, err := api.cloud.Parameter("/lab/mine")
	require.NoError(t, err)
	assert.Equal(t, "written", value)
	assert.Equal(t, 1, api.ParameterWrites("/lab/mine"))
	_, answer := do("GetParameter", `{"Name":"/lab/mine","WithDecryption":true}`)
	assert.Contains(t, answer, "written")

	status, answer = do("PutParameter", `{"Name":"/lab/mine","Value":"x","Type":"SecureString","KeyId":"alias/none","Overwrite":true}`)
	assert.Equal(t, "400", status)
	assert.Contains(t, answer, "Key 'alias/none' does not exist", "the key of the request is ignored")
	status, answer = do("PutParameter", `{"Name":"/lab/other","Value":"mine now","Type":"String","Overwrite":true}`)
	assert.Equal(t, "400", status)
	assert.Contains(t, answer, "AccessDeniedException")
	_, answer = do("PutParameter", `{"Name":"/lab/mine","Value":"`+strings.Repeat("x", parameterLimit+1)+`","Overwrite":true}`)
	assert.Contains(t, answer, "ValidationException")

	api.InjectFailure(Throttling, 1)
	_, answer = do("GetParameter", `{"Name":"/lab/mine"}`)
	assert.Contains(t, answer, "ThrottlingException")
	assert.Equal(t, 1, api.InjectedFailures(Throttling))
	keys.SecretAccessKey += "x"
	_, answer = do("GetParameter", `{"Name":"/lab/mine"}`)
	assert.Contains(t, answer, "InvalidSignatureException")
	api.ExpireCredentials()
	_, answer = do("GetParameter", `{"Name":"/lab/mine"}`)
	assert.Contains(t, answer, "ExpiredTokenException")
}

func TestMetadata_InjectedDelay(t *testing.T) {
	api, instance := account(t)
	const delay = 50 * time.Millisecond
	api.InjectMetadataDelay(delay, 1)
	begin := time.Now()
	tokenOf(t, api, instance.PrivateIP)
	assert.GreaterOrEqual(t, time.Since(begin), delay)
	assert.Equal(t, 1, api.InjectedFailures(SlowMetadata))
	tokenOf(t, api, instance.PrivateIP)
	assert.Equal(t, 1, api.InjectedFailures(SlowMetadata))
}

func TestS3_Objects(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("NOT RUN: curl is not installed")
	}
	api, instance := account(t)
	keys := api.credentialsOf(instance)
	server := httptest.NewServer(api.S3())
	defer server.Close()
	call := func(secret, path string, more ...string) string {
		arguments := []string{"-sS", "--noproxy", "*", "--aws-sigv4", "aws:amz:ap-northeast-2:s3", "-u", keys.accessKey + ":" + secret, "-H", "X-Amz-Security-Token: " + keys.sessionToken,
			"-w", " %{http_code}", server.URL + path}
		output, err := exec.Command(curl, append(arguments, more...)...).Output()
		require.NoError(t, err)
		return string(output)
	}
	file := filepath.Join(t.TempDir(), "content")
	require.NoError(t, os.WriteFile(file, []byte("content"), 0o600))
	sum := sha256.Sum256([]byte("content"))
	hex, checksum := fmt.Sprintf("x-amz-content-sha256: %x", sum), "x-amz-checksum-sha256: "+base64.StdEncoding.EncodeToString(sum[:])

	assert.Contains(t, call(keys.secretKey, "/backups/etcd/one", "-T", file, "-H", hex, "-H", checksum), " 200")
	assert.Equal(t, "content 200", call(keys.secretKey, "/backups/etcd/one", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"))
	listed := call(keys.secretKey, "/backups/?list-type=2&prefix=etcd%2F", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
	assert.Contains(t, listed, "<Key>etcd/one</Key>")
	assert.Contains(t, call(keys.secretKey, "/backups/etcd/none", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"), "<Code>NoSuchKey</Code>")
	assert.Contains(t, call(keys.secretKey, "/others/etcd/one", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"), "<Code>AccessDenied</Code>")
	assert.Contains(t, call(keys.secretKey+"x", "/backups/etcd/one", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"), "<Code>SignatureDoesNotMatch</Code>")
	other := sha256.Sum256([]byte("other"))
	assert.Contains(t, call(keys.secretKey, "/backups/etcd/one", "-T", file, "-H", fmt.Sprintf("x-amz-content-sha256: %x", other)), "<Code>SignatureDoesNotMatch</Code>")
	assert.Contains(t, call(keys.secretKey, "/backups/etcd/one", "-T", file, "-H", hex, "-H", "x-amz-checksum-sha256: "+base64.StdEncoding.EncodeToString(other[:])), "<Code>BadDigest</Code>")
}
