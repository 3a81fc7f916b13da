package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	trustFlowLogs = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustDLM      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"dlm.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	dlmARN        = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
)

// snapshots is a policy on volumes with the tag Keep=yes.
func snapshots(role string, changes values) values {
	in := values{
		"description": "data volumes", "executionRoleArn": role,
		"policyDetails": values{
			"resourceTypes": []any{"VOLUME"}, "targetTags": values{"Keep": "yes"},
			"schedules": []any{values{
				"name": "often", "copyTags": true, "createRule": values{"interval": 6.0, "times": "00:45"},
				"retainRule": values{"interval": 7.0, "intervalUnit": "DAYS"},
			}},
		},
	}
	for name, value := range changes {
		in[name] = value
	}
	return in
}

func (w *world) lifecycleRole(name, trust string) string {
	id := w.make(roleToken, name, values{"assumeRolePolicy": trust})
	return w.read(roleToken, id).text("arn")
}

func TestLifecyclePolicy_Refusals(t *testing.T) {
	w := build(t, Options{})
	role := w.lifecycleRole("dlm", trustDLM)
	details := func(changes values) values {
		in := snapshots(role, nil).block("policyDetails")
		for name, value := range changes {
			in[name] = value
		}
		return values{"policyDetails": in}
	}
	for want, changes := range map[string]values{
		"cannot be assumed by dlm":    {"executionRoleArn": w.lifecycleRole("ec2", trustEC2)},
		"does not exist":              {"executionRoleArn": role + "x"},
		"Target tags must be":         details(values{"targetTags": values{}}),
		"the model has VOLUME alone":  details(values{"resourceTypes": []any{"INSTANCE"}}),
		"1 to 4 schedules":            details(values{"schedules": []any{}}),
		"either a count, or an inter": details(values{"schedules": []any{values{"name": "a", "createRule": values{"interval": 6.0}, "retainRule": values{}}}}),
		"5 must be one of":            details(values{"schedules": []any{values{"name": "a", "createRule": values{"interval": 5.0}, "retainRule": values{"count": 1.0}}}}),
		"must only contain":           {"description": "a: b"},
	} {
		_, err := w.try(lifecyclePolicyToken, "p", snapshots(role, changes))
		assert.ErrorContains(t, err, want)
	}
}

func TestLifecyclePolicy_SnapshotsOutliveVolumeAndPolicy(t *testing.T) {
	var copied [][2]string
	w := build(t, Options{CopyDisk: func(from, to string) { copied = append(copied, [2]string{from, to}) }})
	role := w.make(roleToken, "dlm", values{"assumeRolePolicy": trustDLM})
	policy := w.make(lifecyclePolicyToken, "p", snapshots(w.read(roleToken, role).text("arn"), nil))
	disk := func(name string, size float64, tags values) (string, error) {
		o, err := w.try(volumeToken, name, values{"availabilityZone": "ap-northeast-2a", "size": size, "encrypted": true, "tags": tags})
		if err != nil {
			return "", err
		}
		return o.id, nil
	}
	kept, err := disk("kept", 10, values{"Keep": "yes", "Name": "kept"})
	require.NoError(t, err)
	_, err = disk("other", 10, values{"Name": "other"})
	require.NoError(t, err)
	_, err = w.c.RunLifecyclePolicies()
	w.refused(err, "UnauthorizedOperation", "ec2:CreateSnapshot")

	w.make(rolePolicyAttachmentToken, "dlm", values{"role": role, "policyArn": dlmARN})
	for range 2 {
		taken, err := w.c.RunLifecyclePolicies()
		require.NoError(t, err)
		assert.Equal(t, 1, taken)
	}
	require.NoError(t, w.remove(volumeToken, kept))
	require.NoError(t, w.remove(lifecyclePolicyToken, policy))
	found, err := w.ask("aws:ebs/getSnapshotIds:getSnapshotIds", values{"owners": []any{"self"}, "filters": []any{filter("tag:Name", "kept")}})
	require.NoError(t, err)
	require.Len(t, found.texts("ids"), 2)
	latest, err := w.ask("aws:ebs/getSnapshot:getSnapshot", values{"mostRecent": true, "snapshotIds": anyList(found.texts("ids"))})
	require.NoError(t, err)
	assert.Equal(t, found.texts("ids")[0], latest.text("id"), "the latest is the first")
	assert.Equal(t, copied[1], [2]string{kept, latest.text("id")})
	_, err = w.ask("aws:ebs/getSnapshot:getSnapshot", values{})
	assert.ErrorContains(t, err, "more than one result")
	_, err = w.ask("aws:ebs/getSnapshot:getSnapshot", values{"tags": values{"Name": "none"}})
	assert.ErrorContains(t, err, "no results")

	restore := func(id string, size float64) error {
		o, err := w.try(volumeToken, "restored", values{"availabilityZone": "ap-northeast-2b", "size": size, "snapshotId": id})
		if err == nil {
			assert.Equal(t, id, w.read(volumeToken, o.id).text("snapshotId"))
			assert.True(t, w.read(volumeToken, o.id).flag("encrypted"))
			assert.Equal(t, [2]string{id, o.id}, copied[len(copied)-1])
		}
		return err
	}
	w.refused(restore("snap-none", 10), "InvalidSnapshot.NotFound", "does not exist")
	w.refused(restore(latest.text("id"), 9), "InvalidParameterValue", "less than the snapshot size of 10 GiB")
	require.NoError(t, restore(latest.text("id"), 12))
}
