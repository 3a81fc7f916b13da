package awssim

import (
	"fmt"
	"time"
)

const volumeToken = "aws:ebs/volume:Volume"

// volume is an EBS disk.
type volume struct {
	id, zone, kind, kmsKey, created string
	snapshot                        string // from which it was made; empty for a blank volume
	sizeGiB, iops                   int
	throughput                      int // MiB per second
	encrypted                       bool
	tags                            map[string]string
	ownTags                         map[string]string // a block device's, without default tags
	// instance and device are its attachment; nil and empty if it is not attached.
	instance *instance
	device   string
	// deleteOnTermination: the volume goes with its instance.
	deleteOnTermination bool
}

var volumeType = define(resourceType{
	token: volumeToken, title: "EBS Volume",
	source: "internal/service/ec2/ebs_volume.go",
	wait:   11 * time.Second,
	inputs: properties{
		"availabilityZone": {kind: text, required: true, replaces: true},
		"encrypted":        {kind: flag, replaces: true, computed: true},
		"finalSnapshot":    {kind: flag, fallback: false, valid: noSnapshot},
		"iops":             {kind: whole, computed: true},
		"kmsKeyId":         {kind: text, replaces: true, computed: true, valid: validARN},
		"size":             {kind: whole, required: true},
		"snapshotId":       {kind: text, replaces: true, computed: true},
		"throughput":       {kind: whole, computed: true, valid: within(125, 1000)},
		"type":             {kind: text, computed: true, oneOf: []string{"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"}},
	},
	outputs: []string{"arn", "createTime"},
	refused: []string{"multiAttachEnabled", "outpostArn"},
	tagged:  true,
	check:   checkVolume,
}, createVolume, updateVolume, deleteVolume)

func noSnapshot(value any) error {
	if value.(bool) {
		return fmt.Errorf("final snapshots are not modeled")
	}
	return nil
}

func checkVolume(in values) []Problem {
	if in.isUnknown("type") {
		return nil
	}
	kind := in.text("type")
	_, iops := in["iops"]
	_, throughput := in["throughput"]
	var found []Problem
	switch kind {
	case "io1", "io2":
		if !iops {
			found = append(found, Problem{"iops", "must be set when 'type' is '" + kind + "'"})
		}
	case "gp3":
	default:
		if iops {
			found = append(found, Problem{"iops", "must not be set when 'type' is '" + kind + "'"})
		}
	}
	if throughput && kind != "gp3" {
		found = append(found, Problem{"throughput", "must not be set when 'type' is '" + kind + "'"})
	}
	return found
}

func createVolume(t *call) (string, *volume, error) {
	const operation = "CreateVolume"
	place := t.in.text("availabilityZone")
	if _, ok := t.c.zoneNamed(place); !ok {
		return "", nil, refuseEC2(operation, "InvalidZone.NotFound", "The zone '%s' does not exist.", place)
	}
	v, err := t.c.newVolume(operation, t.name, place, t.in, t.tags)
	if err != nil {
		return "", nil, err
	}
	return v.id, v, nil
}

// newVolume makes a volume from the properties of a Volume or of an instance's block device.
func (c *Cloud) newVolume(operation, name, zoneName string, in values, tags map[string]string) (*volume, error) {
	v := &volume{
		zone: zoneName, encrypted: in.flag("encrypted"), kmsKey: in.text("kmsKeyId"), created: c.now(), tags: tags,
		kind: "gp2", // EC2's default
	}
	if err := c.fromSnapshot(v, operation, in); err != nil {
		return nil, err
	}
	if v.kmsKey != "" && !v.encrypted {
		return nil, refuseEC2(operation, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	if v.encrypted && v.kmsKey == "" {
		v.kmsKey = c.arn("kms", "alias/aws/ebs")
	}
	if err := c.attachKey(c.program(), operation, v.kmsKey); err != nil {
		return nil, err
	}
	if err := v.resize(operation, in); err != nil {
		return nil, err
	}
	v.id = c.newID("vol", name)
	c.volumes[v.id] = v
	if v.snapshot != "" {
		c.copyDisk(v.snapshot, v.id)
	}
	return v, nil
}

// fromSnapshot refuses a snapshot that does not exist or that is larger than the volume. A volume from an encrypted snapshot is
// encrypted in any case.
func (c *Cloud) fromSnapshot(v *volume, operation string, in values) error {
	v.snapshot = in.text("snapshotId")
	if v.snapshot == "" {
		return nil
	}
	s := c.snapshots[v.snapshot]
	if s == nil {
		return refuseEC2(operation, "InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", v.snapshot)
	}
	if in.whole("size") < s.sizeGiB {
		return refuseEC2(operation, "InvalidParameterValue", "Invalid value '%d' for size. The size is less than the snapshot size of %d GiB.", in.whole("size"), s.sizeGiB)
	}
	v.encrypted = v.encrypted || s.encrypted
	if err := c.attachKey(c.program(), operation, s.kmsKey); err != nil {
		return err
	}
	if v.kmsKey == "" {
		v.kmsKey = s.kmsKey
	}
	return nil
}

// volumeLimits are the sizes in GiB and the IOPS of each type
// (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html).
var volumeLimits = map[string]struct{ least, most, leastIOPS, mostIOPS int }{
	"gp2": {1, 16384, 0, 0}, "gp3": {1, 16384, 3000, 16000}, "io1": {4, 16384, 100, 64000}, "io2": {4, 65536, 100, 256000},
	"st1": {125, 16384, 0, 0}, "sc1": {125, 16384, 0, 0}, "standard": {1, 1024, 0, 0},
}

// resize sets size, type, IOPS and throughput, or, on an error, none of them.
func (v *volume) resize(operation string, in values) error {
	next := *v
	if in.has("type") {
		next.kind = in.text("type")
	}
	if in.has("size") {
		next.sizeGiB = in.whole("size")
	}
	if next.kind != v.kind {
		next.iops, next.throughput = 0, 0
	}
	if in.has("iops") {
		next.iops = in.whole("iops")
	}
	if in.has("throughput") {
		next.throughput = in.whole("throughput")
	}
	if next.kind == "gp3" {
		next.iops, next.throughput = max(next.iops, 0), max(next.throughput, 0)
		if next.iops == 0 {
			next.iops = 3000
		}
		if next.throughput == 0 {
			next.throughput = 125
		}
	}
	if next.kind == "gp2" {
		next.iops = min(max(3*next.sizeGiB, 100), 16000)
	}
	limit := volumeLimits[next.kind]
	switch {
	case next.sizeGiB < v.sizeGiB:
		return refuseEC2(operation, "InvalidParameterValue", "New size cannot be smaller than existing size")
	case next.sizeGiB < limit.least:
		return refuseEC2(operation, "InvalidParameterValue", "Volume of %dGiB is too small; minimum is %dGiB.", next.sizeGiB, limit.least)
	case next.sizeGiB > limit.most:
		return refuseEC2(operation, "InvalidParameterValue", "Volume of %dGiB is too large for volume type %s; maximum is %dGiB.", next.sizeGiB, next.kind, limit.most)
	case limit.mostIOPS > 0 && (next.iops < limit.leastIOPS || next.iops > limit.mostIOPS):
		return refuseEC2(operation, "InvalidParameterValue", "Volume iops of %d is out of range for %s: %d to %d.", next.iops, next.kind, limit.leastIOPS, limit.mostIOPS)
	}
	*v = next
	return nil
}

func updateVolume(t *call, v *volume) error {
	if err := v.resize("ModifyVolume", t.in); err != nil {
		return err
	}
	v.tags = t.tags
	return nil
}

func deleteVolume(t *call, v *volume) error {
	if v.instance != nil {
		return refuseEC2("DeleteVolume", "VolumeInUse", "Volume %s is currently attached to %s", v.id, v.instance.id)
	}
	delete(t.c.volumes, v.id)
	return nil
}

func (v *volume) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "volume/"+v.id), "availabilityZone": v.zone, "createTime": v.created, "encrypted": v.encrypted,
		"iops": v.iops, "kmsKeyId": v.kmsKey, "size": v.sizeGiB, "snapshotId": v.snapshot, "throughput": v.throughput, "type": v.kind,
	}
}
