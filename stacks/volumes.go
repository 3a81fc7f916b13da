package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/validation"
)

// liveVolume is a volume of the cluster that exists in AWS.
type liveVolume struct {
	// id is EC2's identifier, name the tag Name, zone the availability zone.
	id, name, zone string
	// gib is the size in GiB.
	gib int
	// snapshotGroup is the value of instance.SnapshotTag.
	snapshotGroup string
}

// liveVolumes reads the volumes of the cluster by their tags. AWS is asked, and not the state of the stack: a volume that is
// in no state holds data as well.
func liveVolumes(ctx *pulumi.Context, cluster string, via pulumi.InvokeOption) ([]liveVolume, error) {
	list := func() (map[string]bool, error) {
		found, err := ebs.GetEbsVolumes(ctx, &ebs.GetEbsVolumesArgs{
			Tags:    map[string]string{clusterTag: cluster},
			Filters: []ebs.GetEbsVolumesFilter{{Name: "tag:Name", Values: []string{instance.DataVolumeName("*"), instance.RootVolumeName("*")}}},
		}, via)
		if err != nil {
			return nil, fmt.Errorf("list the volumes of %s: %w", cluster, err)
		}
		ids := map[string]bool{}
		for _, id := range found.Ids {
			ids[id] = true
		}
		return ids, nil
	}
	ids, err := list()
	if err != nil {
		return nil, err
	}
	var volumes []liveVolume
	for id := range ids {
		v, err := ebs.LookupVolume(ctx, &ebs.LookupVolumeArgs{
			Filters: []ebs.GetVolumeFilter{{Name: "volume-id", Values: []string{id}}},
		}, via)
		if err != nil {
			// A root volume goes with its instance, also meanwhile.
			if now, listErr := list(); listErr == nil && !now[id] {
				continue
			}
			return nil, fmt.Errorf("read volume %s: %w", id, err)
		}
		volumes = append(volumes, liveVolume{id: id, name: v.Tags["Name"], zone: v.AvailabilityZone, gib: v.Size, snapshotGroup: v.Tags[instance.SnapshotTag]})
	}
	return volumes, nil
}

// checkVolumes returns all edits of rows and zones that would lose data or that EC2 refuses: a volume can neither leave its
// zone nor shrink.
func (s *Settings) checkVolumes(live []liveVolume) error {
	var problems validation.Problems
	for _, n := range s.Nodes {
		field := "topology." + n.Name
		for _, v := range live {
			switch v.name {
			case instance.DataVolumeName(n.Name):
				if zone := s.AvailabilityZones[n.Zone]; zone != v.zone {
					problems.Add(field+".Zone", zone, "must stay %s, where the data volume %s is: a volume cannot leave its zone. "+
						"Add a row with another name in %s, move the data there, then remove this row", v.zone, v.id, zone)
				}
				if n.DataGiB < v.gib {
					problems.Add(field+".DataGiB", n.DataGiB, "must be at least %d, the size of the data volume %s: a volume cannot shrink. "+
						"Add a row with another name and a smaller volume, move the data there, then remove this row", v.gib, v.id)
				}
			case instance.RootVolumeName(n.Name):
				if n.RootGiB < v.gib {
					problems.Add(field+".RootGiB", n.RootGiB, "must be at least %d, the size of the root volume %s: a volume cannot shrink. "+
						"Add a row with another name, then remove this row", v.gib, v.id)
				}
			}
		}
	}
	return s.refuse("has data that these edits would lose", problems.Err())
}

// keepVolumes registers the data volumes whose row was removed or renamed, so that the update keeps them.
func (s *Settings) keepVolumes(ctx *pulumi.Context, live []liveVolume, parent pulumi.Resource) error {
	kept := map[string]bool{}
	for _, v := range live {
		node, isData := strings.CutSuffix(v.name, instance.DataVolumeName(""))
		if _, err := nodeNamed(s.Nodes, node); !isData || err == nil || kept[node] {
			continue
		}
		kept[node] = true
		if err := ctx.Log.Warn(fmt.Sprintf("%s is no row of the topology: its data volume %s of %d GiB in %s is kept. A row of that name gets "+
			"it again; to delete it, run aws ec2 delete-volume --region %s --volume-id %s, then pulumi up --refresh",
			node, v.id, v.gib, v.zone, s.Region, v.id), nil); err != nil {
			return err
		}
		if _, err := instance.NewKeptVolume(ctx, node, &instance.KeptVolumeArgs{
			Zone: v.zone, DataGiB: v.gib, DeletionProtection: s.DeletionProtection, SnapshotGroup: v.snapshotGroup,
		}, pulumi.Parent(parent)); err != nil {
			return err
		}
	}
	return nil
}
