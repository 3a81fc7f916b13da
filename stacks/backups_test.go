package stacks

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// backupsBucket is the name of the bucket in the control plane's user data.
func backupsBucket(t *testing.T, w *world) string {
	t.Helper()
	machine, err := w.cloud.Machine("k8s-master")
	require.NoError(t, err)
	node, err := userdata.ParseNode(machine.UserData)
	require.NoError(t, err)
	return node.BackupBucket
}

func TestBackups_OnlyTheControlPlaneWrites(t *testing.T) {
	w := deploy(t, "dev", nil)
	bucket := backupsBucket(t, w)
	assert.Equal(t, bucket, w.outputs[OutputClusterInfo].(map[string]any)["backupsBucket"])
	for _, machine := range w.cloud.Machines() {
		err := machine.PutObject(bucket, kubeadm.BackupLatest, []byte(machine.Name))
		_, readErr := machine.GetObject(bucket, kubeadm.BackupLatest)
		_, listErr := machine.ListObjects(bucket, kubeadm.BackupPrefix)
		for what, err := range map[string]error{"write": err, "read": readErr, "list": listErr} {
			if machine.Name == "k8s-master" && what != "read" {
				assert.NoError(t, err, "%s may not %s", machine.Name, what)
			} else {
				assert.ErrorContains(t, err, "AccessDenied", "%s may %s", machine.Name, what)
			}
		}
		assert.ErrorContains(t, machine.PutObject(bucket, "elsewhere", nil), "AccessDenied", machine.Name)
		_, err = machine.GetParameter(kubeadm.BackupParameter("growbin-dev"))
		assert.ErrorContains(t, err, "AccessDenied", machine.Name)
	}
}

// A control plane that is made anew on a blank volume restores the latest backup. It may read it for as long as a boot takes.
func TestBackups_LentToANewControlPlane(t *testing.T) {
	built := func(c *awssim.Cloud) {
		create(t, c, "aws:ec2/vpc:Vpc", "growbin-dev", map[string]any{"cidrBlock": "10.1.0.0/16", "tags": map[string]any{clusterTag: "growbin-dev"}})
	}
	var clock atomic.Pointer[time.Time]
	now := time.Now()
	clock.Store(&now)
	w, err := tryDeployIn(t, "dev", nil, awssim.Options{Now: func() time.Time { return *clock.Load() }}, built)
	require.NoError(t, err)
	bucket := backupsBucket(t, w)
	machine, err := w.cloud.Machine("k8s-master")
	require.NoError(t, err)
	require.NoError(t, machine.PutObject(bucket, kubeadm.BackupLatest, []byte("keys")))
	content, err := machine.GetObject(bucket, kubeadm.BackupLatest)
	require.NoError(t, err)
	require.Equal(t, "keys", string(content))
	_, err = machine.GetObject(bucket, "elsewhere")
	require.ErrorContains(t, err, "AccessDenied")
	later := now.Add(2 * time.Hour)
	clock.Store(&later)
	_, err = machine.GetObject(bucket, kubeadm.BackupLatest)
	require.ErrorContains(t, err, "AccessDenied", "the loan has no end")
	other, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	_, err = other.GetObject(bucket, kubeadm.BackupLatest)
	require.ErrorContains(t, err, "AccessDenied")
}

func TestBackups_KeptAsConfigured(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"etcdBackupKeepDays": "9"})
	bucket := backupsBucket(t, w)
	found := 0
	for _, r := range w.mocks.OfType("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2") {
		if r.Inputs["bucket"].StringValue() != bucket {
			continue
		}
		found++
		rules := map[string]map[string]any{}
		for _, rule := range r.Inputs["rules"].ArrayValue() {
			rules[rule.ObjectValue()["id"].StringValue()] = rule.ObjectValue().Mappable()
		}
		assert.Equal(t, map[string]any{"days": 9.0}, rules["expire"]["expiration"])
		assert.Equal(t, map[string]any{"prefix": kubeadm.BackupHistory}, rules["expire"]["filter"], "the latest backup would expire")
		assert.Equal(t, map[string]any{"noncurrentDays": 9.0}, rules["tidy"]["noncurrentVersionExpiration"])
	}
	assert.Equal(t, 1, found)
	require.NoError(t, w.cloud.PutObject(bucket, "k", nil))
	require.NoError(t, w.cloud.PutObject(bucket, "k", nil))
	assert.Equal(t, 2, w.cloud.ObjectVersions(bucket, "k"), "what is overwritten is lost")
}
