package awssim

import (
	"context"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstance_Placement(t *testing.T) {
	w := build(t, Options{})
	i := w.read(instanceToken, w.machine("one", values{"privateIp": "10.0.0.10"}))
	assert.Regexp(t, `^i-0[0-9a-f]{16}$`, i.text("id"))
	assert.Equal(t, "arn:aws:ec2:ap-northeast-2:000000000000:instance/"+i.text("id"), i.text("arn"))
	assert.Equal(t, "ap-northeast-2a", i.text("availabilityZone"))
	assert.Equal(t, "ip-10-0-0-10.ap-northeast-2.compute.internal", i.text("privateDns"))
	assert.Regexp(t, `^203\.0\.113\.\d+$`, i.text("publicIp"))
	assert.NotEmpty(t, i.text("publicDns"))
	hidden := w.read(instanceToken, w.machine("two", values{"subnetId": w.private}))
	assert.Empty(t, hidden.text("publicIp"))
	assert.Regexp(t, `^10\.0\.(1[6-9]|2\d|3[01])\.\d+$`, hidden.text("privateIp"))
	asked := w.read(instanceToken, w.machine("three", values{"subnetId": w.private, "associatePublicIpAddress": true}))
	assert.NotEmpty(t, asked.text("publicIp"))
	declined := w.read(instanceToken, w.machine("four", values{"associatePublicIpAddress": false}))
	assert.Empty(t, declined.text("publicIp"))
}

// TestIdentifiers_IndependentOfOrder: a program runs in parallel, and its outputs must not depend on luck.
func TestIdentifiers_IndependentOfOrder(t *testing.T) {
	ids := func(names ...string) map[string]string {
		w := build(t, Options{})
		out := map[string]string{}
		for _, name := range names {
			i := w.read(instanceToken, w.machine(name, nil))
			out[name] = i.text("id") + " " + i.text("privateIp") + " " + i.text("publicIp")
		}
		return out
	}
	assert.Equal(t, ids("a", "b", "c"), ids("c", "a", "b"))
	other := build(t, Options{Seed: 7})
	assert.NotEqual(t, ids("a")["a"][:19], other.machine("a", nil))
}

func TestInstance_RestartOnChange(t *testing.T) {
	boots := make(chan string, 9)
	w := build(t, Options{Boot: func(_ context.Context, m *Machine) { boots <- m.UserData }})
	id := w.machine("one", values{"userData": "first"})
	before := w.read(instanceToken, id)
	assert.Equal(t, base64.StdEncoding.EncodeToString([]byte("first")), <-boots)
	assert.Equal(t, hashUserData("first"), before.text("userData"), "the state holds a hash")
	in := w.c.find(instanceResourceType, id).given.copy()
	in["userData"], in["instanceType"] = "second", "t3.large"
	require.NoError(t, w.change(instanceToken, id, in))
	after := w.read(instanceToken, id)
	assert.Equal(t, before.text("privateIp"), after.text("privateIp"))
	assert.NotEqual(t, before.text("publicIp"), after.text("publicIp"), "a stopped instance loses the address AWS gave it")
	assert.Equal(t, "t3.large", after.text("instanceType"))
	m, err := w.c.Machine("one")
	require.NoError(t, err)
	assert.Equal(t, base64.StdEncoding.EncodeToString([]byte("second")), m.UserData)
	assert.Equal(t, 8192, m.MemoryMiB)
	require.NoError(t, w.c.WaitBoots(t.Context()))
	assert.Empty(t, boots, "cloud-init does not run user data again")
	in["instanceType"] = "t3.2xlarge"
	w.c.options.Quotas = map[string]float64{QuotaStandardVCPUs: 2}
	w.refused(w.change(instanceToken, id, in), "VcpuLimitExceeded", "vCPU limit of 2")
}

func TestInstance_RootDiskGrows(t *testing.T) {
	w := build(t, Options{})
	id := w.machine("one", values{"rootBlockDevice": values{"volumeSize": 20, "volumeType": "gp3"}})
	before := w.read(instanceToken, id).block("rootBlockDevice")
	in := w.c.find(instanceResourceType, id).given.copy()
	in["rootBlockDevice"] = values{"volumeSize": 30.0, "volumeType": "gp3"}
	require.NoError(t, w.change(instanceToken, id, in))
	after := w.read(instanceToken, id).block("rootBlockDevice")
	assert.Equal(t, before.text("volumeId"), after.text("volumeId"))
	assert.Equal(t, 30, after.whole("volumeSize"))
	assert.True(t, after.flag("deleteOnTermination"))
	in["rootBlockDevice"] = values{"volumeSize": 10.0}
	w.refused(w.change(instanceToken, id, in), "InvalidParameterValue", "cannot be smaller")
}

func TestElasticIP_ReplacesPublicAddress(t *testing.T) {
	w := build(t, Options{})
	id := w.machine("one", nil)
	given := w.read(instanceToken, id).text("publicIp")
	a := w.make(addressToken, "a", values{"instance": id})
	elastic := w.read(addressToken, a)
	assert.NotEqual(t, given, elastic.text("publicIp"))
	assert.Equal(t, elastic.text("publicIp"), w.read(instanceToken, id).text("publicIp"))
	assert.Equal(t, id, elastic.text("instance"))
	require.NoError(t, w.remove(addressToken, a), "an Eip resource undoes its own association")
	assert.Empty(t, w.read(instanceToken, id).text("publicIp"))
	require.NoError(t, w.remove(instanceToken, id))
	assert.Zero(t, w.c.vpcs[w.vpc].publicMappings)
}

// TestElasticIP_NoPublicAddress shows a trap of the real provider that the model must not hide.
func TestElasticIP_NoPublicAddress(t *testing.T) {
	w := build(t, Options{})
	id := w.machine("one", values{"associatePublicIpAddress": false})
	w.make(addressToken, "a", values{"instance": id})
	o := w.c.find(instanceResourceType, id)
	changes := instanceResourceType.diff(w.c.outputs(o), o.given)
	require.Len(t, changes, 1)
	assert.Equal(t, Change{"associatePublicIpAddress", Updated, true}, changes[0])
}

func TestTerminateInstance_OutOfBand(t *testing.T) {
	var ended []string
	var mu sync.Mutex
	w := build(t, Options{Terminate: func(m *Machine) {
		mu.Lock()
		defer mu.Unlock()
		ended = append(ended, m.Name)
		_, err := m.GetParameter("/x")
		assert.ErrorContains(t, err, "InvalidInstanceID.NotFound")
	}})
	i := w.machine("one", nil)
	v := w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 10})
	attachment := w.make(volumeAttachmentToken, "data", values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf"})
	root := w.read(instanceToken, i).block("rootBlockDevice").text("volumeId")
	require.NoError(t, w.c.TerminateInstance("one"))
	assert.Equal(t, []string{"one"}, ended)
	assert.Nil(t, w.c.find(instanceResourceType, i))
	assert.Nil(t, w.c.find(volumeAttachmentType, attachment))
	assert.NotNil(t, w.c.find(volumeType, v), "a data volume outlives its machine")
	assert.NotContains(t, w.c.volumes, root)
	assert.ErrorContains(t, w.c.TerminateInstance("one"), `no machine "one"`)
	require.NoError(t, w.c.DeleteVolume(v))
	assert.Nil(t, w.c.find(volumeType, v))
	assert.ErrorContains(t, w.c.DeleteVolume(v), "there is no volume")
}

// A destroy after a machine was terminated by hand stops at its attachment, until a refresh has found that it is gone.
func TestTerminateInstance_AttachmentCannotBeDeleted(t *testing.T) {
	for name, lose := range map[string]func(*Cloud, string) error{"terminated": (*Cloud).TerminateInstance, "lost": (*Cloud).LoseInstance} {
		t.Run(name, func(t *testing.T) {
			w := build(t, Options{})
			i := w.machine("one", nil)
			v := w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 10})
			attachment := w.make(volumeAttachmentToken, "data", values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf", "stopInstanceBeforeDetaching": true})
			require.NoError(t, lose(w.c, "one"))
			w.refused(w.remove(volumeAttachmentToken, attachment), "IncorrectInstanceState", i)
			assert.Nil(t, w.c.find(volumeAttachmentType, attachment), "a refresh forgets it")
			require.NoError(t, w.remove(instanceToken, i))
			require.NoError(t, w.remove(volumeToken, v))
		})
	}
}

func TestDeleteVolume_OutOfBand(t *testing.T) {
	w := build(t, Options{})
	i := w.machine("one", nil)
	v := w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 10})
	attachment := w.make(volumeAttachmentToken, "data", values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf"})
	devices := w.read(instanceToken, i).blocks("ebsBlockDevices")
	require.Len(t, devices, 1, "the provider shows attached volumes among the instance's own, but not the root")
	assert.Equal(t, v, devices[0].text("volumeId"))
	require.NoError(t, w.c.DeleteVolume(v))
	assert.Nil(t, w.c.find(volumeAttachmentType, attachment))
	m, err := w.c.Machine(i)
	require.NoError(t, err)
	disks := m.Volumes()
	require.Len(t, disks, 1)
	assert.True(t, disks[0].Root)
	assert.ErrorContains(t, w.c.DeleteVolume(disks[0].ID), "root disk of one")
	require.NoError(t, w.c.TerminateInstance(i))
	assert.Empty(t, m.Volumes(), "a machine that is gone has none")
}

func TestMachine_WaitForVolume(t *testing.T) {
	waited := make(chan error, 1)
	w := build(t, Options{Boot: func(ctx context.Context, m *Machine) { waited <- m.WaitForVolume(ctx) }})
	i := w.machine("one", nil)
	time.Sleep(20 * time.Millisecond)
	assert.Empty(t, waited, "no volume is attached yet")
	v := w.make(volumeToken, "data", values{"availabilityZone": "ap-northeast-2a", "size": 10})
	w.make(volumeAttachmentToken, "data", values{"volumeId": v, "instanceId": i, "deviceName": "/dev/sdf"})
	require.NoError(t, <-waited)
	m, err := w.c.Machine(i)
	require.NoError(t, err)
	assert.Equal(t, Disk{ID: v, Device: "/dev/sdf", SizeGiB: 10}, m.Volumes()[1])

	w.machine("two", nil)
	require.NoError(t, w.c.TerminateInstance("two"))
	assert.ErrorContains(t, <-waited, "two")
}

func TestCloud_WaitBoots(t *testing.T) {
	release := make(chan struct{})
	w := build(t, Options{Boot: func(ctx context.Context, _ *Machine) {
		select {
		case <-release:
		case <-ctx.Done():
		}
	}})
	w.machine("one", nil)
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	assert.ErrorContains(t, w.c.WaitBoots(brief), "still booting are one")
	close(release)
	require.NoError(t, w.c.WaitBoots(t.Context()))
}

func TestImage_NewRelease(t *testing.T) {
	w := build(t, Options{})
	next, err := w.c.ReleaseImage(ubuntu)
	require.NoError(t, err)
	assert.NotEqual(t, w.image, next)
	w.machine("old", nil)
	w.machine("new", values{"ami": next})
	_, err = w.c.ReleaseImage("/none")
	assert.ErrorContains(t, err, "no public image parameter")
}
