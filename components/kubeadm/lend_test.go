package kubeadm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const lentPolicy = "k-read-backups"

// A backup holds the keys of the certificate authorities: only a control plane that may have to restore one reads it.
func TestBootstrap_BackupsAreLent(t *testing.T) {
	t.Parallel()
	args := bootstrapArgs()
	args.LendBackupsUntil = time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC)
	r, err := newBootstrap(args, nil)
	require.NoError(t, err)
	policy := r.One(t, "aws:iam/rolePolicy:RolePolicy", lentPolicy)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"ReadBackups","Effect":"Allow","Action":"s3:GetObject",
		"Resource":"arn:aws:s3:::backups/etcd/*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-26T12:30:00Z"}}}]}`, policy.Inputs["policy"].StringValue())
	require.Empty(t, policy.IgnoreChanges)
	require.Contains(t, strings.Join(r.One(t, "aws:iam/instanceProfile:InstanceProfile", "k-k8s-master").Dependencies, " "), lentPolicy,
		"the instance would boot before it may read")
}

func TestBootstrap_NothingIsLentOtherwise(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(bootstrapArgs(), nil)
	require.NoError(t, err)
	policy := r.One(t, "aws:iam/rolePolicy:RolePolicy", lentPolicy)
	require.Contains(t, policy.Inputs["policy"].StringValue(), `"aws:CurrentTime":"1970-01-01T00:00:00Z"`)
	require.Equal(t, []string{"policy"}, policy.IgnoreChanges, "every update would change it")
}

// restoreByHand restores a backup as a person does, with a presigned URL.
func (m *machine) restoreByHand(name string) (string, error) {
	m.t.Helper()
	m.input = m.aws.URL + "/" + backupBucket + "/" + kubeadm.BackupHistory + name + kubeadm.BackupSuffix + "?X-Amz-Signature=" + lentSignature + "\n"
	defer func() { m.input = "" }()
	return m.runWith(restoreScript, name)
}

func (m *machine) requireRestore(name string) {
	m.t.Helper()
	output, err := m.restoreByHand(name)
	require.NoError(m.t, err, output)
}

func TestRestoreByHand_NeedsALoan(t *testing.T) {
	t.Parallel()
	m := backup(t, "objects of before")
	name := m.lastBackup().Reason
	url := m.aws.URL + "/" + backupBucket + "/" + kubeadm.BackupHistory + name + kubeadm.BackupSuffix
	m.env = append(m.env, "S3_ATTEMPTS=1")
	for input, want := range map[string]string{
		"":                                     "there is no URL on the standard input",
		url + "?X-Amz-Signature=expired-one\n": "Request has expired",
	} {
		m.input = input
		output, err := m.runWith(restoreScript, name)
		require.Error(t, err)
		require.Contains(t, output, want)
		require.NotContains(t, output, "expired-one", "the URL is a credential")
		require.False(t, m.exists(stateDir+"/restored"))
	}
	m.aws.do(func() { m.aws.bucket.denied = nil })
	_, err := m.restoreByHand(name)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(m.calls(), "\n"), lentSignature)
}
