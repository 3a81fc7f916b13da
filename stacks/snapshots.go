package stacks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/snapshots"
	"github.com/growbin/cluster/components/validation"
)

// newSnapshots lets AWS take snapshots of the stores' data volumes.
func newSnapshots(ctx *pulumi.Context, s *Settings, provider *aws.Provider) error {
	if s.SnapshotHours == 0 {
		return nil
	}
	_, err := snapshots.NewSnapshots(ctx, s.ClusterName()+"-snapshots", &snapshots.SnapshotsArgs{
		Group: s.ClusterName(), Hours: s.SnapshotHours, KeepDays: s.SnapshotKeepDays,
	}, pulumi.Provider(provider))
	return err
}

func (s *Settings) validateSnapshots(r *settingsReader) {
	if s.SnapshotHours != 0 && !slices.Contains(snapshots.Hours, s.SnapshotHours) {
		r.invalid("snapshotHours", s.SnapshotHours, "must be one of %v, or 0 for none", snapshots.Hours)
	}
	withData := slices.DeleteFunc(slices.Clone(s.Nodes), func(n Node) bool { return n.DataGiB == 0 })
	for _, name := range s.StartEmpty {
		if _, err := nodeNamed(withData, name); err != nil {
			r.invalid("startEmpty", name, "must name a node with a data volume: %s", nodeList(withData))
		}
	}
}

// liveSnapshot is a snapshot of a data volume.
type liveSnapshot struct {
	// id is EC2's identifier, time that of its start in RFC 3339.
	id, time string
	// gib is the size of its volume in GiB.
	gib int
}

// restorable returns the latest snapshots of the data volumes that do not exist, by node. The control plane restores backups of
// its own.
func restorable(ctx *pulumi.Context, s *Settings, volumes []liveVolume, via pulumi.InvokeOption) (map[string]liveSnapshot, error) {
	found := map[string]liveSnapshot{}
	for _, n := range s.Nodes {
		name := instance.DataVolumeName(n.Name)
		exists := slices.ContainsFunc(volumes, func(v liveVolume) bool { return v.name == name })
		if exists || n.DataGiB == 0 || n.Role == RoleControlPlane {
			continue
		}
		ids, err := ebs.GetSnapshotIds(ctx, &ebs.GetSnapshotIdsArgs{Owners: []string{"self"}, Filters: []ebs.GetSnapshotIdsFilter{
			{Name: "tag:Name", Values: []string{name}}, {Name: "tag:" + clusterTag, Values: []string{s.ClusterName()}},
			{Name: "status", Values: []string{"completed"}},
		}}, via)
		if err != nil {
			return nil, fmt.Errorf("list the snapshots of %s: %w", name, err)
		}
		if len(ids.Ids) == 0 {
			continue
		}
		latest, err := ebs.LookupSnapshot(ctx, &ebs.LookupSnapshotArgs{SnapshotIds: ids.Ids, MostRecent: pulumi.BoolRef(true)}, via)
		if err != nil {
			return nil, fmt.Errorf("read the latest snapshot of %s: %w", name, err)
		}
		found[n.Name] = liveSnapshot{id: latest.Id, time: latest.StartTime, gib: latest.VolumeSize}
	}
	return found, nil
}

// checkRestorable announces the data volumes that are restored, and refuses a volume that is smaller than its snapshot.
func (s *Settings) checkRestorable(ctx *pulumi.Context, found map[string]liveSnapshot) error {
	var problems validation.Problems
	for _, name := range slices.Sorted(maps.Keys(found)) {
		snapshot := found[name]
		if slices.Contains(s.StartEmpty, name) {
			if err := ctx.Log.Warn(fmt.Sprintf("%s has no data volume: it starts empty by startEmpty, although there is snapshot %s of %s",
				name, snapshot.id, snapshot.time), nil); err != nil {
				return err
			}
			continue
		}
		n, err := nodeNamed(s.Nodes, name)
		if err != nil {
			return err
		}
		if n.DataGiB < snapshot.gib {
			problems.Add("topology."+name+".DataGiB", n.DataGiB, "must be at least %d, the size of snapshot %s of its lost volume, or startEmpty name the node",
				snapshot.gib, snapshot.id)
			continue
		}
		if err := ctx.Log.Warn(fmt.Sprintf("%s has no data volume: it is restored from snapshot %s of %s, and later writes are lost. "+
			"To start it empty, name it in %sstartEmpty", name, snapshot.id, snapshot.time, ConfigPrefix), nil); err != nil {
			return err
		}
	}
	return s.refuse("cannot restore the snapshots of lost volumes", problems.Err())
}
