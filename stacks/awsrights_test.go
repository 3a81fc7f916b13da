package stacks

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/podidentity"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// tokens stands for the API server: it publishes a key, and signs tokens of service accounts. A rehearsal has a real one.
type tokens struct {
	signer jose.Signer
	issuer string
}

func newTokens(t *testing.T, w *world) tokens {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, nil)
	require.NoError(t, err)
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "ES256"}}})
	require.NoError(t, err)
	bucket := bucketNamed(t, w, "growbin-dev-issuer")
	require.NoError(t, w.cloud.PutObject(bucket, kubeadm.KeysKey, keys))
	return tokens{signer, kubeadm.IssuerURL(bucket, "ap-northeast-2")}
}

// assume takes a role by the token of a service account.
func (s tokens) assume(t *testing.T, w *world, role, account string) (*awssim.Session, error) {
	t.Helper()
	token, err := jwt.Signed(s.signer).Claims(jwt.Claims{
		Issuer: s.issuer, Subject: "system:serviceaccount:" + account, Audience: jwt.Audience{podidentity.Audience},
		Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).Serialize()
	require.NoError(t, err)
	return w.cloud.AssumeRoleWithWebIdentity("arn:aws:iam::000000000000:role/"+role, "pod", token)
}

func bucketNamed(t *testing.T, w *world, name string) string {
	t.Helper()
	bucket, found := w.mocks.Named("aws:s3/bucketV2:BucketV2", name)
	require.True(t, found, name)
	return bucket.ID
}

// imageRights are the rights to the images that the design gives: waste-api signs uploads and reads, image-uploader keeps and removes.
var imageRights = map[string][]awsRight{"waste-api": {readImages, writeImages}, "image-uploader": {readImages, writeImages, deleteImages}}

// Each application takes its own role by its own service account, and may do what the design says.
func TestAWSRights_AreThoseOfTheRows(t *testing.T) {
	w := deploy(t, "dev", nil)
	signer := newTokens(t, w)
	images := bucketNamed(t, w, "growbin-dev-images")
	require.NoError(t, w.cloud.PutObject(images, "photo", []byte("x")))
	for _, one := range catalog {
		session, err := signer.assume(t, w, "growbin-dev-pod-"+one.Name, "growbin:"+one.Name)
		deployment, found := w.mocks.Named("kubernetes:apps/v1:Deployment", one.Name)
		require.True(t, found)
		account := at(t, deployment.Inputs, "spec.template.spec").ObjectValue()["serviceAccountName"]
		rights := imageRights[one.Name]
		assert.ElementsMatch(t, rights, one.AWS, one.Name)
		assert.Equal(t, len(rights) > 0, err == nil, "%s: %v", one.Name, err)
		if len(rights) == 0 {
			assert.False(t, account.HasValue(), "%s needs no service account", one.Name)
			continue
		}
		assert.Equal(t, one.Name, account.StringValue())
		volumes := at(t, deployment.Inputs, "spec.template.spec.volumes").ArrayValue()
		token := volumes[len(volumes)-1].ObjectValue()
		assert.Equal(t, podidentity.Audience, at(t, token, "projected.sources.0.serviceAccountToken.audience").StringValue())
		assert.Equal(t, "growbin-dev-pod-"+one.Name, roleName(t, deployment.Inputs))

		_, err = session.GetObject(images, "photo")
		assert.Equal(t, slices.Contains(rights, readImages), err == nil, "%s reads images: %v", one.Name, err)
		err = session.PutObject(images, "another", nil)
		assert.Equal(t, slices.Contains(rights, writeImages), err == nil, "%s writes images: %v", one.Name, err)
		_, err = session.ListObjects(images, "")
		assert.Error(t, err, "%s lists images", one.Name)
		for _, bucket := range []string{"growbin-dev-backups", "growbin-dev-issuer"} {
			assert.Error(t, session.PutObject(bucketNamed(t, w, bucket), kubeadm.KeysKey, nil), "%s writes to %s", one.Name, bucket)
		}
	}
}

func roleName(t *testing.T, deployment resource.PropertyMap) string {
	for _, variable := range at(t, deployment, "spec.template.spec.containers.0.env").ArrayValue() {
		if variable.ObjectValue()["name"].StringValue() == "AWS_ROLE_ARN" {
			return variable.ObjectValue()["value"].StringValue()[len("arn:aws:iam::000000000000:role/"):]
		}
	}
	return ""
}

// The questions of an attacker who runs a pod.
func TestAttack_RoleOfAPod(t *testing.T) {
	w := deploy(t, "dev", nil)
	signer := newTokens(t, w)
	const role = "growbin-dev-pod-image-uploader"
	_, err := signer.assume(t, w, role, "growbin:image-uploader")
	require.NoError(t, err)
	for _, account := range []string{"growbin:rule-retriever", "growbin:default", "default:image-uploader", "kube-system:image-uploader"} {
		_, err := signer.assume(t, w, role, account)
		assert.ErrorContains(t, err, "Not authorized", account)
	}
	for _, role := range []string{"growbin-dev-k8s-master", "growbin-dev-k8s-worker-storage"} {
		_, err := signer.assume(t, w, role, "growbin:image-uploader")
		assert.ErrorContains(t, err, "Not authorized", role)
	}
	// May another machine publish a key of its own, or the control plane another issuer?
	issuer := bucketNamed(t, w, "growbin-dev-issuer")
	for _, machine := range w.cloud.Machines() {
		assert.Equal(t, machine.Name == "k8s-master", machine.PutObject(issuer, kubeadm.KeysKey, []byte(`{"keys":[]}`)) == nil, machine.Name)
		assert.Error(t, machine.PutObject(issuer, kubeadm.DiscoveryKey, nil), machine.Name)
	}
}
