package awssim

import (
	"fmt"
	"maps"
	"slices"
)

// rootDevice is where Ubuntu's images have their root volume.
const rootDevice = "/dev/sda1"

// instanceDisks makes the root volume and further block devices.
func (c *Cloud) instanceDisks(t *call, i *instance) error {
	root := t.in.block("rootBlockDevice")
	disk := diskValues(root)
	if !disk.has("size") {
		disk["size"] = float64(i.image.rootGiB)
	}
	if disk.whole("size") < i.image.rootGiB {
		return refuseEC2(runInstances, "InvalidBlockDeviceMapping",
			"Volume of size %dGB is smaller than snapshot of %s, expect size >= %dGB", disk.whole("size"), i.image.id, i.image.rootGiB)
	}
	v, err := c.newVolume(runInstances, t.name+"/root", i.subnet.zone.name, disk, diskTags(t, root))
	if err != nil {
		return err
	}
	i.root, v.ownTags = v, root.textMap("tags")
	i.attach(v, rootDevice, root == nil || root.flag("deleteOnTermination"))
	for _, device := range t.in.blocks("ebsBlockDevices") {
		name := device.text("deviceName")
		if i.devices[name] != nil {
			c.dropDisks(i)
			return refuseEC2(runInstances, "InvalidBlockDeviceMapping", "Duplicate device name '%s'", name)
		}
		v, err := c.newVolume(runInstances, fmt.Sprintf("%s/%s", t.name, name), i.subnet.zone.name, diskValues(device), diskTags(t, device))
		if err != nil {
			c.dropDisks(i)
			return err
		}
		v.ownTags = device.textMap("tags")
		i.attach(v, name, !device.has("deleteOnTermination") || device.flag("deleteOnTermination"))
	}
	return nil
}

// diskTags are the instance's volumeTags, or a device's own tags over the provider's default tags. The latter reach
// disks since release 5.39 of the Terraform provider (pull request 33769).
func diskTags(t *call, device values) map[string]string {
	if t.in.has("volumeTags") {
		return t.in.textMap("volumeTags")
	}
	return mergeTags(t.defaultTags, device.textMap("tags"))
}

func (c *Cloud) dropDisks(i *instance) {
	for device, v := range i.devices {
		i.detach(device)
		delete(c.volumes, v.id)
	}
}

func (i *instance) rootAttributes() values {
	out := diskAttributes(i.root)
	out["deviceName"] = i.root.device
	return out
}

// deviceAttributes are all volumes but the root, those plugged in by a VolumeAttachment too: that is why a program
// must not use both ways.
func (i *instance) deviceAttributes() []any {
	out := []any{}
	for _, device := range slices.Sorted(maps.Keys(i.devices)) {
		if v := i.devices[device]; v != i.root {
			attributes := diskAttributes(v)
			attributes["deviceName"] = device
			out = append(out, attributes)
		}
	}
	return out
}

func diskAttributes(v *volume) values {
	out := values{
		"deleteOnTermination": v.deleteOnTermination, "encrypted": v.encrypted, "iops": v.iops, "kmsKeyId": v.kmsKey,
		"throughput": v.throughput, "volumeId": v.id, "volumeSize": v.sizeGiB, "volumeType": v.kind,
	}
	// With volumeTags the provider leaves a device's own tags alone.
	if v.instance.volTags == nil {
		out["tags"], out["tagsAll"] = tagValues(v.ownTags), tagValues(v.tags)
	}
	return out
}

// diskValues names a block device's properties as a Volume's.
func diskValues(device values) values {
	out := values{}
	for from, to := range map[string]string{
		"volumeSize": "size", "volumeType": "type", "iops": "iops", "throughput": "throughput", "encrypted": "encrypted", "kmsKeyId": "kmsKeyId",
	} {
		if value, given := device[from]; given {
			out[to] = value
		}
	}
	return out
}
