package awssim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// snapshot is a copy of a volume at one moment. It outlives the volume and the policy that made it.
type snapshot struct {
	id, volume, policy string
	sizeGiB            int
	encrypted          bool
	kmsKey             string
	taken              time.Time
	// number is the order in which snapshots were taken.
	number int
	tags   map[string]string
}

// RunLifecyclePolicies does the work of all schedules at once: each enabled policy takes a snapshot of each of its volumes. It
// returns their number.
func (c *Cloud) RunLifecyclePolicies() (int, error) {
	c.mu.Lock()
	defer c.unlock()
	taken := 0
	for _, id := range slices.Sorted(maps.Keys(c.lifecyclePolicies)) {
		p := c.lifecyclePolicies[id]
		if p.in.text("state") == "DISABLED" {
			continue
		}
		details := p.in.block("policyDetails")
		for _, volumeID := range slices.Sorted(maps.Keys(c.volumes)) {
			v := c.volumes[volumeID]
			if !anyTag(v.tags, details.textMap("targetTags")) {
				continue
			}
			if err := p.mayCreate(c, v); err != nil {
				return taken, err
			}
			for _, schedule := range details.blocks("schedules") {
				c.snapshot(v, p.id, schedule)
				taken++
			}
		}
	}
	return taken, nil
}

// anyTag reports whether one of the tags is set: target tags of a policy are alternatives.
func anyTag(have, wanted map[string]string) bool {
	for key, value := range wanted {
		if have[key] == value {
			return true
		}
	}
	return false
}

func (c *Cloud) snapshot(v *volume, policy string, schedule values) {
	c.counter++
	s := &snapshot{
		id: c.newID("snap", v.id), volume: v.id, policy: policy, sizeGiB: v.sizeGiB, encrypted: v.encrypted, kmsKey: v.kmsKey,
		taken: c.options.Now().UTC(), number: c.counter,
		tags: map[string]string{"aws:dlm:lifecycle-policy-id": policy, "aws:dlm:lifecycle-schedule-name": schedule.text("name")},
	}
	if schedule.flag("copyTags") {
		maps.Copy(s.tags, v.tags)
	}
	maps.Copy(s.tags, schedule.textMap("tagsToAdd"))
	c.snapshots[s.id] = s
	c.copyDisk(v.id, s.id)
}

// copyDisk tells the owner of the contents that the disk or snapshot "to" holds a copy of "from".
func (c *Cloud) copyDisk(from, to string) {
	if c.options.CopyDisk != nil {
		c.options.CopyDisk(from, to)
	}
}

var snapshotsLookup = lookup{
	actions:   []string{"ec2:DescribeSnapshots"},
	arguments: properties{"filters": filterArgument, "owners": {kind: textList}},
	answer: func(c *Cloud, in values) (values, error) {
		found, err := c.matchingSnapshots(in.blocks("filters"), in.texts("snapshotIds"), nil)
		if err != nil {
			return nil, err
		}
		out, ids := in.copy(), []any{}
		for _, s := range found {
			ids = append(ids, s.id)
		}
		out["id"], out["ids"] = c.options.Region, ids
		return out, nil
	},
}

var snapshotLookup = lookup{
	actions: []string{"ec2:DescribeSnapshots"},
	arguments: properties{
		"filters": filterArgument, "mostRecent": {kind: flag}, "owners": {kind: textList}, "snapshotIds": {kind: textList},
		"tags": {kind: textMap},
	},
	answer: func(c *Cloud, in values) (values, error) {
		found, err := c.matchingSnapshots(in.blocks("filters"), in.texts("snapshotIds"), in.textMap("tags"))
		if err != nil {
			return nil, err
		}
		switch {
		case len(found) == 0:
			return nil, fmt.Errorf("Your query returned no results. Please change your search criteria and try again.") //nolint:staticcheck // the provider's words
		case len(found) > 1 && !in.flag("mostRecent"):
			return nil, fmt.Errorf("Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.") //nolint:staticcheck // the provider's words
		}
		s := found[0]
		out := in.copy()
		maps.Copy(out, values{
			"arn": "arn:aws:ec2:" + c.options.Region + "::snapshot/" + s.id, "dataEncryptionKeyId": "", "description": "Created for policy: " + s.policy,
			"encrypted": s.encrypted, "id": s.id, "kmsKeyId": s.kmsKey, "outpostArn": "", "ownerAlias": "", "ownerId": c.options.AccountID,
			"snapshotId": s.id, "startTime": s.taken.Format(time.RFC3339), "state": "completed", "storageTier": "standard",
			"tags": tagValues(s.tags), "volumeId": s.volume, "volumeSize": s.sizeGiB,
		})
		return out, nil
	},
}

// matchingSnapshots are sorted by age, the latest first.
func (c *Cloud) matchingSnapshots(filters []values, ids []string, tags map[string]string) ([]*snapshot, error) {
	var out []*snapshot
	for _, s := range c.snapshots {
		wanted, err := passes(filters, s.attribute)
		if err != nil {
			return nil, err
		}
		if wanted && tagged(s.tags, tags) && (len(ids) == 0 || slices.Contains(ids, s.id)) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *snapshot) int { return b.number - a.number })
	return out, nil
}

// attribute gives a snapshot's values by filter name
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html).
func (s *snapshot) attribute(name string) ([]string, bool) {
	switch name {
	case "status":
		return []string{"completed"}, true
	case "volume-id":
		return []string{s.volume}, true
	}
	return tagAttribute(s.tags, name)
}
