package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/components/securitygroup"
)

// controlPlaneHost is the host number of the control plane in its subnet. Its address must survive the instance, because
// etcd and every kubelet are configured with it.
const controlPlaneHost = 10

// roles returns the roles of the table and of the descriptions, sorted.
func (a *ClusterArgs) roles() []string {
	names := map[string]bool{}
	for _, n := range a.Nodes {
		names[n.Role] = true
	}
	for role := range a.RoleDescriptions {
		names[role] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// securityGroups returns a group for each role and the rules between them. Nothing is open to the world.
func (a *ClusterArgs) securityGroups(vpcID pulumi.StringInput) *securitygroup.SecurityGroupsArgs {
	groups := map[string]string{}
	for _, role := range a.roles() {
		groups[role] = "Nodes with the role " + role
		if description, ok := a.RoleDescriptions[role]; ok {
			groups[role] = description
		}
	}
	maps.Copy(groups, a.MoreGroups)
	rules := kubeadm.Flows(kubeadm.FlowArgs{
		ControlPlane: []string{RoleControlPlane}, All: a.roles(), Monitoring: a.MonitoringGroups, NodeExporter: true,
	})
	if len(a.AdminCIDRs) > 0 {
		rules = append(rules, securitygroup.Rule{
			Group: RoleControlPlane, FromCIDRs: a.AdminCIDRs, Protocol: "tcp", FromPort: ports.APIServer, ToPort: ports.APIServer,
			Description: "Administrators to the API server",
		})
		if a.KeyName != "" {
			for _, role := range a.roles() {
				rules = append(rules, securitygroup.Rule{
					Group: role, FromCIDRs: a.AdminCIDRs, Protocol: "tcp", FromPort: ports.SSH, ToPort: ports.SSH,
					Description: "Administrators by SSH",
				})
			}
		}
	}
	return &securitygroup.SecurityGroupsArgs{VpcID: vpcID, Groups: groups, Rules: append(rules, a.Rules...)}
}

// bootstrap returns the nodes and their permissions for kubeadm.
func (a *ClusterArgs) bootstrap(name string, backups, issuer pulumi.StringInput) *kubeadm.BootstrapArgs {
	args := &kubeadm.BootstrapArgs{ClusterName: name, BackupBucketARN: backups, IssuerBucketARN: issuer, LendBackupsUntil: a.LendBackupsUntil, KeyARN: a.keyARN(), SessionLogARN: a.SessionLogARN, Statements: map[string][]kubeadm.Statement{}}
	for _, n := range a.Nodes {
		if n.Role == RoleControlPlane {
			args.ControlPlane = n.Name
		} else {
			args.Workers = append(args.Workers, n.Name)
		}
		if len(n.Statements) > 0 {
			args.Statements[n.Name] = n.Statements
		}
	}
	return args
}

// instance returns the node's instance without the values that only AWS provides. The arguments must be valid.
func (a *ClusterArgs) instance(n Node) *instance.InstanceArgs {
	args := &instance.InstanceArgs{
		InstanceType: n.InstanceType, Zone: n.Zone, RootGiB: n.RootGiB, DataGiB: n.DataGiB, KeyName: a.KeyName,
		DeletionProtection: a.DeletionProtection, Terminable: n.Unprotected, Roll: n.Roll,
		CPUCredits: a.CPUCredits, SnapshotGroup: n.SnapshotGroup, Snapshot: n.Snapshot, KeyARN: a.keyARN(), Spot: n.Spot,
	}
	if n.Role == RoleControlPlane {
		args.ElasticIP = !a.PrivateNodes
		args.PrivateIP, _ = a.ControlPlaneIP()
	}
	return args
}

// ControlPlaneIP returns the fixed address of the control plane in the subnet of its zone.
func (a *ClusterArgs) ControlPlaneIP() (string, error) {
	zone := a.controlPlane().Zone
	cidrs := a.Network.PublicSubnetCIDRs
	if a.PrivateNodes {
		cidrs = a.Network.PrivateSubnetCIDRs
	}
	index := slices.Index(a.Network.Zones, zone)
	if index < 0 || index >= len(cidrs) {
		return "", fmt.Errorf("zone %s has no subnet for the control plane", zone)
	}
	subnet, err := netip.ParsePrefix(cidrs[index])
	if err != nil {
		return "", err
	}
	address := subnet.Addr()
	for range controlPlaneHost {
		address = address.Next()
	}
	if !subnet.Contains(address) {
		return "", fmt.Errorf("subnet %s has no host number %d for the control plane", subnet, controlPlaneHost)
	}
	return address.String(), nil
}

// UserData renders the user data of the named node, as an instance of the cluster called name boots from it, without a
// deployment.
func (a *ClusterArgs) UserData(name, node string, buckets Buckets) (string, error) {
	settings := a.withDefaults()
	for _, n := range settings.Nodes {
		if n.Name == node {
			return settings.userData(name, n, buckets)
		}
	}
	return "", fmt.Errorf("cluster %s has no node %q", name, node)
}

// Buckets are the names of the buckets that the control plane writes to.
type Buckets struct {
	// Backups is that of backups, Issuer that of the keys of service account tokens.
	Backups, Issuer string
}

func (a *ClusterArgs) userData(name string, n Node, buckets Buckets) (string, error) {
	machine, err := capacity.LookupInstanceType(n.InstanceType)
	if err != nil {
		return "", err
	}
	config := kubeadm.NodeConfig{
		Cluster: name, Region: a.Network.Region, Name: n.Name, Labels: n.labels(a.Network.Region), Taints: n.Taints, MaxPods: n.MaxPods,
		KubeReserved: machine.KubeReserved(n.MaxPods), EvictionHard: capacity.EvictionHard(),
		KubernetesVersion: a.KubernetesVersion, Sources: a.Sources, Images: n.Images,
	}
	if a.Key != nil {
		config.Key = a.Key.Alias
	}
	if n.DataGiB > 0 {
		config.DataMount = DataMount
	}
	if n.Role != RoleControlPlane {
		return kubeadm.WorkerUserData(kubeadm.WorkerConfig{NodeConfig: config, Spot: n.Spot, TargetGroups: n.TargetGroups})
	}
	address, err := a.ControlPlaneIP()
	if err != nil {
		return "", err
	}
	return kubeadm.ControlPlaneUserData(kubeadm.ControlPlaneConfig{
		NodeConfig: config, PrivateIP: address, PodCIDR: a.PodCIDR, ServiceCIDR: a.ServiceCIDR,
		DNS: a.dns(), BackupBucket: buckets.Backups, IssuerBucket: buckets.Issuer, BackupSchedule: a.BackupSchedule,
	})
}
