package snapshots

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func deploy(t *testing.T, args *SnapshotsArgs) (*awssim.Cloud, *mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	return cloud, m, pulumi.RunErr(func(ctx *pulumi.Context) error {
		for group, name := range map[string]string{"lab": "kept", "other": "not"} {
			if _, err := ebs.NewVolume(ctx, name, &ebs.VolumeArgs{
				AvailabilityZone: pulumi.String("ap-northeast-2a"), Size: pulumi.Int(1), Tags: pulumi.StringMap{instance.SnapshotTag: pulumi.String(group)},
			}); err != nil {
				return err
			}
		}
		_, err := NewSnapshots(ctx, "lab-snapshots", args)
		return err
	}, pulumi.WithMocks("project", "stack", m))
}

// The policy's role may do its work, and the policy reaches the volumes of its group alone.
func TestNewSnapshots(t *testing.T) {
	cloud, m, err := deploy(t, &SnapshotsArgs{Group: "lab", Hours: 6, KeepDays: 7})
	require.NoError(t, err)
	taken, err := cloud.RunLifecyclePolicies()
	require.NoError(t, err)
	assert.Equal(t, 1, taken)
	details := m.One(t, "aws:dlm/lifecyclePolicy:LifecyclePolicy", "lab-snapshots").Inputs["policyDetails"].Mappable().(map[string]any)
	assert.Equal(t, []any{map[string]any{
		"name": "every 6 hours", "copyTags": true,
		"createRule": map[string]any{"interval": 6.0, "intervalUnit": "HOURS", "times": "18:45"},
		"retainRule": map[string]any{"interval": 7.0, "intervalUnit": "DAYS"},
	}}, details["schedules"])
}

func TestSnapshotsArgs_Invalid(t *testing.T) {
	err := (&SnapshotsArgs{Hours: 5}).Validate()
	for _, want := range []string{"Group: not set", "Hours: 5 must be one of [1 2 3 4 6 8 12 24]", "KeepDays: 0 must be 1 to 3650"} {
		assert.ErrorContains(t, err, want)
	}
	_, m, err := deploy(t, &SnapshotsArgs{Group: "lab", Hours: 24, KeepDays: 3651})
	require.ErrorContains(t, err, "snapshots lab-snapshots: KeepDays: 3651 must be")
	assert.Empty(t, m.OfType(typeToken))
}
