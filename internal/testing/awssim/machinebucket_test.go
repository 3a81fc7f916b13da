package awssim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// saver returns a machine with the statements' permissions, and a bucket.
func saver(t *testing.T, statements ...string) (w *world, m *Machine, bucket string) {
	w = build(t, Options{})
	w.role("node")
	bucket = w.make(bucketToken, "b", values{"bucket": "backups"})
	w.make(rolePolicyToken, "p", values{"role": "node", "policy": `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`})
	w.machine("one", values{"iamInstanceProfile": w.make(instanceProfileToken, "p", values{"role": "node"})})
	m, err := w.c.Machine("one")
	require.NoError(t, err)
	return w, m, bucket
}

func TestMachine_Bucket(t *testing.T) {
	const objects, all = "arn:aws:s3:::backups/etcd/*", "arn:aws:s3:::backups"
	w, m, b := saver(t, allowed("s3:PutObject", objects), allowed("s3:GetObject", objects), allowed("s3:ListBucket", all))
	require.NoError(t, m.PutObject(b, "etcd/one", []byte("1")))
	content, err := m.GetObject(b, "etcd/one")
	require.NoError(t, err)
	assert.Equal(t, "1", string(content))
	require.NoError(t, w.c.PutObject(b, "elsewhere", nil))
	keys, err := m.ListObjects(b, "etcd/")
	require.NoError(t, err)
	assert.Equal(t, []string{"etcd/one"}, keys)
	_, err = m.GetObject(b, "etcd/none")
	w.refused(err, "NoSuchKey", "etcd/none")
	w.refused(m.PutObject(b, "other/one", nil), "AccessDenied", "s3:PutObject on resource: arn:aws:s3:::backups/other/one")
	_, err = m.GetObject(b, "elsewhere")
	w.refused(err, "AccessDenied", "s3:GetObject")
	w.refused(m.PutObject("nobodys", "etcd/one", nil), "AccessDenied", "nobodys")
}

func TestMachine_MissingObjectWithoutListPermission(t *testing.T) {
	w, m, b := saver(t, allowed("s3:*Object", "*"))
	_, err := m.GetObject(b, "none")
	w.refused(err, "AccessDenied", "s3:ListBucket")
	_, err = m.ListObjects(b, "")
	w.refused(err, "AccessDenied", "s3:ListBucket")
	w.refused(m.PutObject("nobodys", "k", nil), "NoSuchBucket", "nobodys")
}

func TestBucketPolicy_Deny(t *testing.T) {
	w, m, b := saver(t, allowed("s3:*", "*"))
	deny := func(condition string) values {
		return values{"bucket": b, "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::backups/*","arn:aws:s3:::backups"],"Condition":` + condition + `}]}`}
	}
	policy := w.make(bucketPolicyToken, "p", deny(`{"Bool":{"aws:SecureTransport":"false"}}`))
	require.NoError(t, m.PutObject(b, "k", nil), "machines use TLS")
	require.NoError(t, w.change(bucketPolicyToken, policy, deny(`{"StringEquals":{"aws:RequestedRegion":"ap-northeast-2"}}`)))
	w.refused(m.PutObject(b, "k", nil), "AccessDenied", "with an explicit deny in a resource-based policy")
}

func TestBucket_ObjectVersions(t *testing.T) {
	w, m, b := saver(t, allowed("s3:*", "*"))
	for range 2 {
		require.NoError(t, m.PutObject(b, "k", []byte("old")))
	}
	assert.Equal(t, 1, w.c.ObjectVersions(b, "k"), "without versioning only the last one is kept")
	w.make(bucketVersioningToken, "v", values{"bucket": b, "versioningConfiguration": map[string]any{"status": "Enabled"}})
	require.NoError(t, m.PutObject(b, "k", []byte("new")))
	assert.Equal(t, 2, w.c.ObjectVersions(b, "k"))
	content, err := m.GetObject(b, "k")
	require.NoError(t, err)
	assert.Equal(t, "new", string(content))
	assert.Zero(t, w.c.ObjectVersions(b, "none"))
	assert.Zero(t, w.c.ObjectVersions("none", "k"))
}
