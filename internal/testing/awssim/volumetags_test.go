package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attached is a machine with the given properties and a data volume that is a resource of its own.
func attached(w *world, in values) (machine, data string) {
	machine = w.machine("one", in)
	data = w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 10, "tags": values{"Name": "one-data"}})
	w.make(volumeAttachmentToken, "data", values{"volumeId": data, "instanceId": machine, "deviceName": "/dev/sdf"})
	return machine, data
}

// The provider reads volumeTags as one map of all attached volumes and writes them to all.
func TestInstance_VolumeTagsFightWithThoseOfVolumes(t *testing.T) {
	w := build(t, Options{})
	machine, data := attached(w, values{"volumeTags": values{"Name": "one-root"}})
	o := w.c.find(instanceResourceType, machine)
	read := w.c.outputs(o)
	assert.Equal(t, "one-data", read.block("volumeTags").text("Name"))
	assert.Contains(t, instanceResourceType.diff(read, o.given), Change{"volumeTags.Name", Updated, false})

	_, _, err := w.c.change(instanceResourceType, machine, read, o.given, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, "one-root", w.read(volumeToken, data).block("tagsAll").text("Name"))
}

func TestInstance_TagsOfTheRootDeviceLeaveOtherVolumesAlone(t *testing.T) {
	w := build(t, Options{})
	machine, data := attached(w, values{"rootBlockDevice": values{"volumeSize": 20, "tags": values{"Name": "one-root"}}})
	o := w.c.find(instanceResourceType, machine)
	assert.Empty(t, instanceResourceType.diff(w.c.outputs(o), o.given))
	next := with(o.given, "rootBlockDevice", values{"volumeSize": 30.0, "tags": values{"Name": "other-root"}})
	_, _, err := w.c.change(instanceResourceType, machine, nil, next, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, "one-data", w.read(volumeToken, data).block("tagsAll").text("Name"))
}
