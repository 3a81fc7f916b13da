package awssim

import (
	"fmt"
	"time"
)

const volumeAttachmentToken = "aws:ec2/volumeAttachment:VolumeAttachment"

// volumeAttachment plugs a volume into an instance.
type volumeAttachment struct {
	volume   *volume
	instance *instance
	device   string
}

var volumeAttachmentType = define(resourceType{
	token: volumeAttachmentToken, title: "EBS Volume Attachment",
	source: "internal/service/ec2/ebs_volume_attachment.go",
	wait:   20 * time.Second,
	seen:   "10 s before it attaches and 10 s after; destroy stops the instance first, and fails on one that is terminated",
	inputs: properties{
		"deviceName":                  {kind: text, required: true, replaces: true},
		"forceDetach":                 {kind: flag},
		"instanceId":                  {kind: text, required: true, replaces: true},
		"skipDestroy":                 {kind: flag},
		"stopInstanceBeforeDetaching": {kind: flag},
		"volumeId":                    {kind: text, required: true, replaces: true},
	},
}, createVolumeAttachment, updateVolumeAttachment, deleteVolumeAttachment)

func createVolumeAttachment(t *call) (string, *volumeAttachment, error) {
	const operation = "AttachVolume"
	v := t.c.volumes[t.in.text("volumeId")]
	if v == nil {
		return "", nil, refuseEC2(operation, "InvalidVolume.NotFound", "The volume '%s' does not exist.", t.in.text("volumeId"))
	}
	i, err := t.c.instanceNamed(operation, t.in.text("instanceId"))
	if err != nil {
		return "", nil, err
	}
	device := t.in.text("deviceName")
	switch {
	case v.zone != i.subnet.zone.name:
		return "", nil, refuseEC2(operation, "InvalidVolume.ZoneMismatch",
			"The volume '%s' is not in the same availability zone as instance '%s'", v.id, i.id)
	case v.instance != nil:
		return "", nil, refuseEC2(operation, "VolumeInUse", "%s is already attached to an instance", v.id)
	case i.devices[device] != nil:
		return "", nil, refuseEC2(operation, "InvalidParameterValue",
			"Invalid value '%s' for unixDevice. Attachment point %s is already in use", device, device)
	}
	i.attach(v, device, false)
	a := &volumeAttachment{volume: v, instance: i, device: device}
	return a.id(), a, nil
}

func (a *volumeAttachment) id() string {
	return fmt.Sprintf("vai-%d", hashcode(a.device+"-"+a.instance.id+"-"+a.volume.id+"-"))
}

// updateVolumeAttachment: the flags are the provider's own.
func updateVolumeAttachment(*call, *volumeAttachment) error { return nil }

func deleteVolumeAttachment(t *call, a *volumeAttachment) error {
	if t.in.flag("skipDestroy") || a.volume.instance != a.instance {
		return nil
	}
	if t.in.flag("stopInstanceBeforeDetaching") {
		t.c.stop(a.instance)
	}
	a.instance.detach(a.device)
	return nil
}

func (a *volumeAttachment) attributes(*Cloud) values {
	return values{"deviceName": a.device, "instanceId": a.instance.id, "volumeId": a.volume.id}
}
