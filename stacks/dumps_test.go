package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// The job of a database puts and reads its own dumps. Nobody in the cluster deletes one, or reads another's.
func TestDumps_RightsOfTheJobs(t *testing.T) {
	w := deploy(t, "dev", nil)
	signer := newTokens(t, w)
	bucket := bucketNamed(t, w, "growbin-dev-dumps")
	assert.Equal(t, bucket, w.outputs[OutputClusterInfo].(map[string]any)[InfoDumpsBucket])
	for _, d := range databases() {
		require.NoError(t, w.cloud.PutObject(bucket, d.Name+"/old.dump", []byte("old")))
	}
	for _, d := range databases() {
		job := w.mocks.One(t, "kubernetes:batch/v1:CronJob", "postgresql-backup-"+d.Name)
		const pod = "spec.jobTemplate.spec.template.spec"
		account := job.Value(pod + ".serviceAccountName").(string)
		session, err := signer.assume(t, w, "growbin-dev-dump-"+d.Name, namespaceData+":"+account)
		require.NoError(t, err)
		require.NoError(t, session.PutObject(bucket, d.Name+"/new.dump", []byte("new")))
		_, err = session.GetObject(bucket, d.Name+"/new.dump")
		require.NoError(t, err)
		for _, other := range databases() {
			if other.Name == d.Name {
				continue
			}
			_, err = session.GetObject(bucket, other.Name+"/old.dump")
			require.ErrorContains(t, err, "AccessDenied")
			require.ErrorContains(t, session.PutObject(bucket, other.Name+"/old.dump", nil), "AccessDenied")
			_, err = signer.assume(t, w, "growbin-dev-dump-"+other.Name, namespaceData+":"+account)
			require.ErrorContains(t, err, "AccessDenied")
		}
		policy := w.mocks.One(t, "aws:iam/rolePolicy:RolePolicy", "dump-"+d.Name)
		assert.NotContains(t, policy.Value("policy"), "Delete")
		assert.NotContains(t, policy.Value("policy"), "List")
	}
	// An upload over a dump leaves the older version.
	require.NoError(t, w.cloud.PutObject(bucket, "auth/old.dump", []byte("damaged")))
	assert.Equal(t, 2, w.cloud.ObjectVersions(bucket, "auth/old.dump"))
}

func TestDumps_KeptAsConfigured(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"dumpKeepDays": "12"})
	rules := w.mocks.One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "growbin-dev-dumps").Inputs["rules"].ArrayValue()
	require.Len(t, rules, 2)
	assert.Equal(t, map[string]any{"days": 12.0}, rules[1].ObjectValue()["expiration"].ObjectValue().Mappable())
	assert.Equal(t, "aws:kms", w.mocks.One(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "growbin-dev-dumps").
		Value("rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))
}

// dumpsOfALostVolume makes the bucket of an earlier deployment, with the given keys.
func dumpsOfALostVolume(t *testing.T, keys ...string) func(*awssim.Cloud) {
	return func(c *awssim.Cloud) {
		client, problems := c.NewClient(nil)
		require.Empty(t, problems)
		create := func(kind string, in map[string]any) {
			inputs, problems, err := client.Check(kind, "earlier", resource.NewPropertyMapFromMap(in), nil, nil)
			require.NoError(t, err)
			require.Empty(t, problems)
			_, _, err = client.Create(kind, "earlier", inputs)
			require.NoError(t, err)
		}
		create("aws:s3/bucketV2:BucketV2", map[string]any{"bucket": "earlier-dumps"})
		create("aws:ssm/parameter:Parameter", map[string]any{"name": dumpsParameter("growbin-dev"), "type": "String", "insecureValue": "earlier-dumps", "overwrite": true})
		for _, key := range keys {
			require.NoError(t, c.PutObject("earlier-dumps", key, []byte("dump")))
		}
	}
}

// A database never starts empty without a word while there are dumps of it.
func TestDumps_OfALostVolume(t *testing.T) {
	dumps := dumpsOfALostVolume(t, "auth/auth-2026-11-24T180000Z.dump", "auth/auth-2026-11-25T180000Z.dump")
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{}, dumps)
	for _, want := range []string{
		"growbin:startEmpty: [] must name k8s-postgresql", "auth/auth-2026-11-25T180000Z.dump", "growbin restore-database NAME --replace",
	} {
		require.ErrorContains(t, err, want)
	}
	assert.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"), "something was changed")
	// The preflight accepts all others; the update then finds the parameter of the earlier deployment in its way.
	const accepted = "ParameterAlreadyExists"
	for name, prepare := range map[string]func(*awssim.Cloud){
		"no dump":           dumpsOfALostVolume(t),
		"a snapshot exists": func(c *awssim.Cloud) { dumps(c); lostVolume(t, "k8s-postgresql-data", 10)(c) },
	} {
		_, err := tryDeployIn(t, "dev", nil, awssim.Options{}, prepare)
		require.ErrorContains(t, err, accepted, name)
	}
	_, err = tryDeployIn(t, "dev", map[string]string{"startEmpty": `["k8s-postgresql"]`}, awssim.Options{}, dumps)
	require.ErrorContains(t, err, accepted)
}
