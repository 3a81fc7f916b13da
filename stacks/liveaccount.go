package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
)

// liveAccount is the part of the account that the program builds on.
type liveAccount struct {
	// identity is whose account it is, and who deploys there.
	identity identity
	// image is the AMI of new instances.
	image string
	// volumes are those of the cluster.
	volumes []liveVolume
	// restorable are the latest snapshots of the data volumes that do not exist, by node.
	restorable map[string]liveSnapshot
	// built is true once the cluster has a VPC.
	built bool
	// controlPlaneGone is true when no instance of the control plane, or no data volume of it, exists.
	controlPlaneGone bool
	// neverReady are the nodes with an instance that has not joined since it was created.
	neverReady map[string]bool
}

// readAccount reads the parts of the cluster that exist.
func readAccount(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) (*liveAccount, error) {
	live := &liveAccount{}
	var err error
	if live.volumes, err = liveVolumes(ctx, s.ClusterName(), via); err != nil {
		return nil, err
	}
	if live.restorable, err = restorable(ctx, s, live.volumes, via); err != nil {
		return nil, err
	}
	vpcs, err := ec2.GetVpcs(ctx, &ec2.GetVpcsArgs{Tags: map[string]string{clusterTag: s.ClusterName()}}, via)
	if err != nil {
		return nil, fmt.Errorf("list the VPCs of %s: %w", s.ClusterName(), err)
	}
	live.built = len(vpcs.Ids) > 0
	if live.controlPlaneGone, err = controlPlaneGone(ctx, s, live.volumes, via); err != nil {
		return nil, err
	}
	live.neverReady, err = neverReady(ctx, s, via)
	return live, err
}

// controlPlaneGone reports whether the control plane has lost its instance or its data volume.
func controlPlaneGone(ctx *pulumi.Context, s *Settings, volumes []liveVolume, via pulumi.InvokeOption) (bool, error) {
	name := ControlPlane(s.Nodes).Name
	if !slices.ContainsFunc(volumes, func(v liveVolume) bool { return v.name == instance.DataVolumeName(name) }) {
		return true, nil
	}
	found, err := ec2.GetInstances(ctx, &ec2.GetInstancesArgs{
		InstanceTags:       map[string]string{clusterTag: s.ClusterName(), "Name": name},
		InstanceStateNames: []string{"pending", "running", "stopping", "stopped"},
	}, via)
	if err != nil {
		return false, fmt.Errorf("look for the instance of %s: %w", name, err)
	}
	return len(found.Ids) == 0, nil
}

// lendGrace is added to the time that an instance may take to boot.
const lendGrace = 15 * time.Minute

// lendBackups returns the time until which the control plane may read its backups: zero unless it may have to restore one.
func (live *liveAccount) lendBackups(s *Settings, now time.Time) time.Time {
	if !live.built || !live.controlPlaneGone && !live.neverReady[ControlPlane(s.Nodes).Name] {
		return time.Time{}
	}
	return now.Add(s.BootTimeout + lendGrace).Truncate(time.Second)
}

// neverReady returns the nodes whose instance has not reported Ready. An instance reports it once, and no other phase afterwards.
func neverReady(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) (map[string]bool, error) {
	reports, err := kubeconfig.Parameters(ctx, kubeadm.StatusPath(s.ClusterName()), via)
	if err != nil {
		return nil, fmt.Errorf("read the status of the nodes: %w", err)
	}
	never := map[string]bool{}
	for _, n := range s.nodesWithSurge() {
		report, exists := reports[kubeadm.StatusParameter(s.ClusterName(), n.Name)]
		var status kubeadm.StatusMessage
		if exists && (json.Unmarshal([]byte(report), &status) != nil || status.Phase != kubeadm.PhaseReady) {
			never[n.Name] = true
		}
	}
	return never, nil
}
