package stacks

import (
	"slices"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm"
)

// roleDescriptions describe the security groups, one for each role.
var roleDescriptions = map[string]string{
	string(RoleControlPlane):   "Control plane: API server and etcd",
	string(RoleAPI):            "Nodes that run APIs",
	string(RoleWorker):         "Nodes that run Celery workers",
	string(RoleInfrastructure): "Nodes that run queues, databases and monitoring",
}

// clusterNodes returns the node table: the topology with the settings of the stack, and the surge instances.
func (s *Settings) clusterNodes(live *liveAccount) []cluster.Node {
	var nodes []cluster.Node
	for _, n := range s.nodesWithSurge() {
		node := cluster.Node{
			Name: n.Name, Role: string(n.Role), InstanceType: n.InstanceType, Zone: s.AvailabilityZones[n.Zone],
			RootGiB: n.RootGiB, DataGiB: n.DataGiB, MaxPods: n.MaxPods, Labels: n.Labels, Taints: n.Taints(),
			Images: s.prefetched(n), Spot: n.Spot(),
			// An instance that never was Ready runs nothing: a wrong value that only the machine finds is mended by the next update.
			Roll: slices.Contains(s.RollNodes, n.Name) || live.neverReady[n.Name],
			// The nodes of surges and of moreNodes keep no data, and leave with their entry.
			Unprotected: slices.Contains(s.UnprotectedNodes, n.Name) || !hasRow(n.Name),
		}
		if n.Spot() && n.Role == RoleAPI {
			node.TargetGroups = s.ClusterName() + "-"
			node.Statements = kubeadm.LeaveTargetGroups(s.Region, node.TargetGroups)
		}
		if n.Name == nodeMonitoring {
			node.Groups = []string{groupMonitoring}
		}
		if n.Snapshots {
			node.SnapshotGroup = s.ClusterName()
		}
		if found, ok := live.restorable[n.Name]; ok && !slices.Contains(s.StartEmpty, n.Name) {
			node.Snapshot = found.id
		}
		nodes = append(nodes, node)
	}
	return nodes
}
