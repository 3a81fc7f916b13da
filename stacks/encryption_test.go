package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

// broad are the rights of somebody who may read everything in the account, as far as IAM goes.
const broad = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:GetParameter*","s3:Get*","s3:List*","kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}]}`

func somebody(t *testing.T, w *world, arn string, policies ...string) *awssim.Session {
	t.Helper()
	session, err := w.cloud.Principal(arn, policies...)
	require.NoError(t, err)
	return session
}

// The questions of an attacker who may read everything in the account: only those whom the key names get an answer.
func TestAttack_BroadReaderOfTheAccount(t *testing.T) {
	const (
		operator = "arn:aws:iam::000000000000:role/operator"
		reader   = "arn:aws:iam::000000000000:user/reader"
		stranger = "arn:aws:iam::000000000000:user/auditor"
		admin    = "arn:aws:iam::000000000000:role/s3-administrator"
	)
	w := deploy(t, "dev", map[string]string{"operators": `["` + operator + `"]`, "readers": `["` + reader + `"]`})
	backups, dumps, images := backupsBucket(t, w), bucketNamed(t, w, "growbin-dev-dumps"), bucketNamed(t, w, "growbin-dev-images")
	require.NoError(t, w.cloud.PutObject(backups, kubeadm.BackupLatest, []byte("keys")))
	require.NoError(t, w.cloud.PutObject(dumps, "auth/one.dump", []byte("dump")))
	require.NoError(t, w.cloud.PutObject(images, "photo", []byte("photo")))
	parameter := func(name string) func(*awssim.Session) error {
		return func(s *awssim.Session) error { _, err := s.GetParameter(name); return err }
	}
	object := func(bucket, key string) func(*awssim.Session) error {
		return func(s *awssim.Session) error { _, err := s.GetObject(bucket, key); return err }
	}
	questions := map[string]func(*awssim.Session) error{
		"kubeconfig": parameter(kubeadm.KubeconfigParameter("growbin-dev")),
		"encryption": parameter(kubeadm.EncryptionParameter("growbin-dev")),
		"join":       parameter(kubeadm.JoinParameter("growbin-dev", "k8s-redis")),
		"admin":      parameter(kubeadm.AccessParameter("growbin-dev", kubeadm.Admin)),
		"reader":     parameter(kubeadm.AccessParameter("growbin-dev", kubeadm.Reader)),
		"previewer":  parameter(kubeadm.AccessParameter("growbin-dev", kubeadm.Previewer)),
		"backup":     object(backups, kubeadm.BackupLatest),
		"dump":       object(dumps, "auth/one.dump"),
		"image":      object(images, "photo"),
	}
	all := map[string]bool{}
	for name := range questions {
		all[name] = true
	}
	for arn, may := range map[string]map[string]bool{
		operator: all,
		reader:   {"reader": true, "previewer": true},
		stranger: nil,
		admin:    nil,
		"arn:aws:iam::000000000000:role/growbin-dev-k8s-masters": nil, // almost a node
		"arn:aws:iam::000000000000:role/team/operator":           nil,
	} {
		session := somebody(t, w, arn, broad)
		for name, ask := range questions {
			err := ask(session)
			if may[name] {
				assert.NoError(t, err, "%s may not read %s", arn, name)
			} else {
				assert.ErrorContains(t, err, "AccessDenied", "%s may read %s", arn, name)
			}
		}
	}
	// IAM decides as well: a user of the key needs the right of its own.
	assert.ErrorContains(t, questions["kubeconfig"](somebody(t, w, operator)), "AccessDenied")
	withoutKey := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:*","s3:*"],"Resource":"*"}]}`
	assert.ErrorContains(t, questions["kubeconfig"](somebody(t, w, operator, withoutKey)), "no identity-based policy allows the kms:Decrypt")
	assert.ErrorContains(t, somebody(t, w, admin, withoutKey).PutObject(backups, kubeadm.BackupLatest, nil), "explicit deny")
	_, err := somebody(t, w, stranger, broad).ListObjects(backups, "")
	assert.NoError(t, err, "names are no content, and the provider's HeadBucket needs the right")
}

// A node uses the key for its own parameters. The role of the control plane reads the key of Secrets, and no backup.
func TestEncryption_NodesUseTheKeyForTheirOwn(t *testing.T) {
	w := deploy(t, "dev", nil)
	master, err := w.cloud.Machine("k8s-master")
	require.NoError(t, err)
	redis, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	_, err = master.GetParameter(kubeadm.EncryptionParameter("growbin-dev"))
	require.NoError(t, err)
	_, err = redis.GetParameter(kubeadm.JoinParameter("growbin-dev", "k8s-redis"))
	require.NoError(t, err)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:*","s3:*"],"Resource":"*"}]}`
	require.NoError(t, w.cloud.PutRolePolicy("growbin-dev-k8s-redis", "everything-but-kms", policy))
	require.NoError(t, w.cloud.PutRolePolicy("growbin-dev-k8s-master", "everything-but-kms", policy))
	for _, name := range []string{
		kubeadm.KubeconfigParameter("growbin-dev"), kubeadm.JoinParameter("growbin-dev", "k8s-rabbitmq"), kubeadm.EncryptionParameter("growbin-dev"),
	} {
		_, err = redis.GetParameter(name)
		assert.ErrorContains(t, err, "no identity-based policy allows the kms:Decrypt", name)
		assert.ErrorContains(t, redis.PutSecret(name, "forged", "alias/growbin-dev"), "no identity-based policy allows the kms:Encrypt", name)
	}
	backups := backupsBucket(t, w)
	require.NoError(t, master.PutObject(backups, kubeadm.BackupLatest, []byte("keys")))
	_, err = master.GetObject(backups, kubeadm.BackupLatest)
	assert.ErrorContains(t, err, "no identity-based policy allows the kms:Decrypt", "the control plane decrypts its backups without a loan")
}

// New volumes have the key. Live ones keep theirs: a data volume for ever, a root volume until its instance is rolled.
func TestEncryption_VolumesOfALiveStackStay(t *testing.T) {
	w := deploy(t, "dev", nil)
	key := w.mocks.One(t, "aws:kms/key:Key", "growbin-dev")
	arn := "arn:aws:kms:ap-northeast-2:000000000000:key/" + key.ID
	volumes, instances := w.mocks.OfType("aws:ebs/volume:Volume"), w.mocks.OfType("aws:ec2/instance:Instance")
	require.NotEmpty(t, volumes)
	for _, v := range volumes {
		assert.Equal(t, resource.NewProperty(arn), v.Inputs["kmsKeyId"], v.Name)
		assert.Contains(t, v.IgnoreChanges, "kmsKeyId", v.Name)
	}
	for _, i := range instances {
		assert.Equal(t, arn, i.Value("rootBlockDevice.kmsKeyId"), i.Name)
		assert.Contains(t, i.IgnoreChanges, "rootBlockDevice.kmsKeyId", i.Name)
	}
	for _, i := range deploy(t, "dev", map[string]string{"rollNodes": `["k8s-redis"]`}).mocks.OfType("aws:ec2/instance:Instance") {
		assert.Equal(t, i.Name != "k8s-redis", len(i.IgnoreChanges) > 0, i.Name)
	}
	assert.Equal(t, true, key.Value("enableKeyRotation"))
	assert.Equal(t, 30.0, key.Value("deletionWindowInDays"))
}

// Protected with the stack: without the key everything that it encrypts is lost.
func TestEncryption_KeyIsProtectedWithTheStack(t *testing.T) {
	for stack, protected := range map[string]bool{"dev": false, "prod": true} {
		key := deploy(t, stack, nil).mocks.One(t, "aws:kms/key:Key", "growbin-"+stack)
		require.NotNil(t, key.Protect)
		assert.Equal(t, protected, *key.Protect, stack)
	}
}

func TestPrincipalOf(t *testing.T) {
	for arn, want := range map[string][]string{
		"arn:aws:iam::111122223333:user/team/kim":                     {"arn:aws:iam::111122223333:user/team/kim"},
		"arn:aws:iam::111122223333:root":                              {"arn:aws:iam::111122223333:root"},
		"arn:aws:sts::111122223333:assumed-role/deployer/GitHub":      {"arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::111122223333:role/*/deployer"},
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_a/kim": {"arn:aws:iam::111122223333:role/AWSReservedSSO_a", "arn:aws:iam::111122223333:role/*/AWSReservedSSO_a"},
	} {
		assert.Equal(t, want, principalOf(arn), arn)
	}
}

func TestMayDeploy(t *testing.T) {
	const account = "111122223333"
	s := &Settings{Operators: []string{"arn:aws:iam::111122223333:role/ci/operator", "arn:aws:iam::111122223333:user/kim"}}
	deployer := principalOf("arn:aws:sts::111122223333:assumed-role/deployer/one")
	for arn, want := range map[string]bool{
		"arn:aws:sts::111122223333:assumed-role/deployer/another": true,
		"arn:aws:sts::111122223333:assumed-role/operator/one":     true,
		"arn:aws:iam::111122223333:user/kim":                      true,
		"arn:aws:iam::111122223333:user/lee":                      false,
		"arn:aws:sts::111122223333:assumed-role/kim/one":          false,
		"arn:aws:iam::111122223333:root":                          false,
	} {
		who := identity{account: account, caller: principalOf(arn), deployer: deployer}
		assert.Equal(t, want, s.mayDeploy(who), arn)
		assert.Equal(t, map[bool]kubeadm.Identity{true: kubeadm.Deployer, false: kubeadm.Previewer}[want], s.apiIdentity(true, who), "a preview by %s", arn)
		assert.Equal(t, kubeadm.Deployer, s.apiIdentity(false, who), "an update has one identity alone")
	}
}

// An update by somebody whom the key does not name would wait for a kubeconfig that it cannot read.
func TestDeployer_AnotherIsRefused(t *testing.T) {
	w, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
		m.Stashed(stashOfDeployer, map[string]any{factDeployer: "arn:aws:iam::000000000000:role/ci arn:aws:iam::000000000000:role/*/ci"})
	})
	require.ErrorContains(t, err, `AWS identity: "arn:aws:iam::000000000000:user/simulated" must be arn:aws:iam::000000000000:role/ci`)
	require.ErrorContains(t, err, "or one of growbin:operators")
	assertNothingRegistered(t, w)
	_, err = tryDeploy(t, "dev", map[string]string{"operators": `["arn:aws:iam::111122223333:role/elsewhere"]`}, awssim.Options{})
	require.ErrorContains(t, err, "must be of the account of the stack, 000000000000")
	_, err = tryDeployOn(t, "dev", map[string]string{"operators": `["arn:aws:iam::000000000000:user/simulated"]`}, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
		m.Stashed(stashOfDeployer, map[string]any{factDeployer: "arn:aws:iam::000000000000:role/ci"})
	})
	require.NoError(t, err)
}

// The boundary of the repository allows everything that the roles of a stack need, from the boot to a night, and no more.
func TestBoundary_OnAllRoles(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"permissionsBoundary": boundaryARN})
	for _, role := range w.mocks.OfType("aws:iam/role:Role") {
		assert.Equal(t, boundaryARN, role.Value("permissionsBoundary"), role.Name)
	}
	master, err := w.cloud.Machine("k8s-master")
	require.NoError(t, err)
	require.NoError(t, master.PutObject(backupsBucket(t, w), kubeadm.BackupLatest, []byte("keys")))
	for _, name := range []string{"growbin-dev-night-sleep-rest", "growbin-dev-night-sleep-stores", "growbin-dev-night-wake-stores", "growbin-dev-night-wake-rest"} {
		require.NoError(t, w.cloud.RunSchedule(name))
	}
	signer := newTokens(t, w)
	session, err := signer.assume(t, w, "growbin-dev-dump-auth", namespaceData+":postgresql-backup-auth")
	require.NoError(t, err)
	require.NoError(t, session.PutObject(bucketNamed(t, w, "growbin-dev-dumps"), "auth/one.dump", nil))

	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	require.NoError(t, w.cloud.PutRolePolicy("growbin-dev-k8s-redis", "everything", everything))
	redis, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	_, err = redis.GetParameter("/growbin-prod/kubeconfig")
	require.ErrorContains(t, err, "no permissions boundary allows")
}
