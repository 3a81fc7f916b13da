package awsapi

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const (
	pod    = "system:serviceaccount:growbin:uploader"
	issuer = "keys.s3.ap-northeast-2.amazonaws.com"
)

// cloudOfPods is an account with a bucket, and a role that may write to it for the pod with the issuer's token.
func cloudOfPods(t *testing.T, keys string) *awssim.Cloud {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		bucket, err := s3.NewBucketV2(ctx, "keys", &s3.BucketV2Args{Bucket: pulumi.String("keys")})
		require.NoError(t, err)
		_, err = s3.NewBucketV2(ctx, "photos", &s3.BucketV2Args{Bucket: pulumi.String("photos")})
		require.NoError(t, err)
		open, err := s3.NewBucketPublicAccessBlock(ctx, "open", &s3.BucketPublicAccessBlockArgs{Bucket: bucket.ID(), BlockPublicAcls: pulumi.Bool(true), IgnorePublicAcls: pulumi.Bool(true)})
		require.NoError(t, err)
		_, err = s3.NewBucketPolicy(ctx, "public", &s3.BucketPolicyArgs{Bucket: bucket.ID(), Policy: pulumi.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::keys/*"}]}`)}, pulumi.DependsOn([]pulumi.Resource{open}))
		require.NoError(t, err)
		for key, content := range map[string]string{
			".well-known/openid-configuration": `{"issuer":"https://` + issuer + `","jwks_uri":"https://` + issuer + `/jwks"}`, "jwks": keys,
		} {
			_, err = s3.NewBucketObjectv2(ctx, key, &s3.BucketObjectv2Args{Bucket: bucket.ID(), Key: pulumi.String(key), Content: pulumi.String(content)})
			require.NoError(t, err)
		}
		provider, err := iam.NewOpenIdConnectProvider(ctx, "keys", &iam.OpenIdConnectProviderArgs{
			Url: pulumi.String("https://" + issuer), ClientIdLists: pulumi.StringArray{pulumi.String("sts.amazonaws.com")}}, pulumi.DependsOn([]pulumi.Resource{bucket}))
		require.NoError(t, err)
		role, err := iam.NewRole(ctx, "uploader", &iam.RoleArgs{Name: pulumi.String("uploader"), AssumeRolePolicy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Federated":"%s"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+issuer+`:sub":"`+pod+`"}}}]}`, provider.Arn)})
		require.NoError(t, err)
		_, err = iam.NewRolePolicy(ctx, "uploader", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/*"}]}`)})
		return err
	}, pulumi.WithMocks("lab", "test", mocks.New(cloud)))
	require.NoError(t, err)
	return cloud
}

// A pod exchanges its token for keys of its role, which then write to S3, and do nothing else.
func TestSecurityTokenService_PodUsesS3(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("NOT RUN: curl is not installed")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, nil)
	require.NoError(t, err)
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}})
	require.NoError(t, err)
	api := NewServer(cloudOfPods(t, string(keys)))
	tokens, bucket := httptest.NewServer(api.SecurityTokenService()), httptest.NewServer(api.S3())
	defer tokens.Close()
	defer bucket.Close()
	assume := func(subject string) (status int, answer struct {
		Keys  struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
		Error struct{ Code string }
	}) {
		token, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: "https://" + issuer, Subject: subject, Audience: jwt.Audience{"sts.amazonaws.com"}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
		}).Serialize()
		require.NoError(t, err)
		response, err := http.PostForm(tokens.URL, url.Values{
			"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {"arn:aws:iam::000000000000:role/uploader"}, "RoleSessionName": {"one"}, "WebIdentityToken": {token},
		})
		require.NoError(t, err)
		defer response.Body.Close()
		require.NoError(t, xml.NewDecoder(response.Body).Decode(&answer))
		return response.StatusCode, answer
	}
	status, refused := assume(pod + "s")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, "AccessDenied", refused.Error.Code)
	status, given := assume(pod)
	require.Equal(t, http.StatusOK, status)
	call := func(arguments ...string) string {
		output, err := exec.Command(curl, append([]string{"-sS", "--noproxy", "*", "--aws-sigv4", "aws:amz:ap-northeast-2:s3", "-u", given.Keys.AccessKeyId + ":" + given.Keys.SecretAccessKey,
			"-H", "X-Amz-Security-Token: " + given.Keys.SessionToken, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-w", " %{http_code}"}, arguments...)...).Output()
		require.NoError(t, err)
		return string(output)
	}
	assert.Equal(t, " 200", call("-X", "PUT", "--data-binary", "photo", bucket.URL+"/photos/one"))
	stored, err := api.cloud.GetObject("photos", "one")
	require.NoError(t, err)
	assert.Equal(t, "photo", string(stored))
	assert.Contains(t, call(bucket.URL+"/photos/one"), "<Code>AccessDenied</Code>")
}
