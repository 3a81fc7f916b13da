package stacks

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/securitygroup"
)

// dataMount is where a node's data volume is mounted.
const dataMount = "/var/lib/data"

// securityGroups has one group per role.
var securityGroups = map[string]string{
	string(RoleControlPlane):   "Control plane: API server and etcd",
	string(RoleAPI):            "Nodes that run APIs",
	string(RoleWorker):         "Nodes that run Celery workers",
	string(RoleInfrastructure): "Nodes that run queues, databases and monitoring",
}

// securityRules are the flows of Kubernetes and those of people. Nothing is open to the world.
func securityRules(s *Settings) []securitygroup.Rule {
	all := slices.Sorted(maps.Keys(securityGroups))
	rules := kubeadm.Flows(kubeadm.FlowArgs{
		ControlPlane: []string{string(RoleControlPlane)}, All: all,
		Monitoring: []string{string(RoleInfrastructure)}, NodeExporter: true,
	})
	if len(s.AdminCIDRs) == 0 {
		return rules
	}
	rules = append(rules, securitygroup.Rule{
		Group: string(RoleControlPlane), FromCIDRs: s.AdminCIDRs, Protocol: "tcp", FromPort: apiPort, ToPort: apiPort,
		Description: "Administrators to the API server",
	})
	if s.SSHKeyName != "" {
		for _, group := range all {
			rules = append(rules, securitygroup.Rule{
				Group: group, FromCIDRs: s.AdminCIDRs, Protocol: "tcp", FromPort: 22, ToPort: 22,
				Description: "Administrators by SSH",
			})
		}
	}
	return rules
}

// bootstrapArgs gives each node its part in the cluster, and the nodes whose pods act with the node's role theirs.
func bootstrapArgs(s *Settings, images, backups *bucket.Bucket) *kubeadm.BootstrapArgs {
	args := &kubeadm.BootstrapArgs{
		ClusterName: s.ClusterName(), ControlPlane: ControlPlane(s.Nodes).Name, BackupBucketARN: backups.ARN,
		Statements: map[string][]kubeadm.Statement{},
	}
	for _, n := range s.machines() {
		if n.Role != RoleControlPlane {
			args.Workers = append(args.Workers, n.Name)
		}
		if n.PodsUseRole {
			args.Statements[n.Name] = []kubeadm.Statement{{
				Sid: "Images", Actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
				Resources: pulumi.StringArray{pulumi.Sprintf("%s/*", images.ARN)},
			}}
		}
	}
	return args
}

// machineArgs is one row of the topology as a machine, without what only AWS knows.
func machineArgs(s *Settings, n Node, vpc *network.Vpc, backups *bucket.Bucket) (*instance.InstanceArgs, error) {
	userData, err := userData(s, n, backups)
	if err != nil {
		return nil, err
	}
	zone := s.AvailabilityZones[n.Zone]
	args := &instance.InstanceArgs{
		InstanceType: n.InstanceType, Zone: zone,
		RootGiB: n.RootGiB, DataGiB: n.DataGiB,
		UserData: userData, KeyName: s.SSHKeyName,
		DeletionProtection: s.DeletionProtection, VolumeTags: s.tags(),
		// A temporary machine is there to go.
		Terminable: slices.Contains(s.UnprotectedNodes, n.Name) || !isRow(s.Nodes, n.Name),
		Roll:       slices.Contains(s.RollNodes, n.Name),
	}
	if n.PodsUseRole {
		args.MetadataHops = 2
	}
	if s.NodeSubnets == "private" {
		args.SubnetID = vpc.PrivateSubnets[zone].ID()
	} else {
		args.SubnetID = vpc.PublicSubnets[zone].ID()
	}
	if n.Role == RoleControlPlane {
		args.ElasticIP = s.NodeSubnets == "public"
		if args.PrivateIP, err = s.controlPlaneIP(); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// userData is what the machine boots from. The control plane's names the bucket of its backups, whose name a first preview does
// not know; what is wrong with the rest is found before that.
func userData(s *Settings, n Node, backups *bucket.Bucket) (pulumi.StringInput, error) {
	text, err := userDataOf(s, n, "not-known-yet")
	if err != nil || n.Role != RoleControlPlane {
		return pulumi.String(text), err
	}
	return backups.Name.ApplyT(func(name string) (string, error) { return userDataOf(s, n, name) }).(pulumi.StringOutput), nil
}

// userDataOf renders what the machine boots from; a control plane saves itself to the bucket.
func userDataOf(s *Settings, n Node, backups string) (string, error) {
	config := kubeadm.NodeConfig{
		Cluster: s.ClusterName(), Region: s.Region, Name: n.Name,
		Labels: n.Labels, Taints: n.Taints(), MaxPods: n.MaxPods,
		KubeReserved: n.Type().KubeReserved(n.MaxPods), EvictionHard: capacity.EvictionHard(),
		KubernetesVersion: s.KubernetesVersion, Sources: s.Sources,
		Images: s.prefetched(n),
	}
	if n.DataGiB > 0 {
		config.DataMount = dataMount
	}
	if n.Role != RoleControlPlane {
		return kubeadm.WorkerUserData(kubeadm.WorkerConfig{NodeConfig: config})
	}
	address, err := s.controlPlaneIP()
	if err != nil {
		return "", err
	}
	return kubeadm.ControlPlaneUserData(kubeadm.ControlPlaneConfig{
		NodeConfig: config, PrivateIP: address, PodCIDR: s.PodCIDR, ServiceCIDR: s.ServiceCIDR,
		BackupBucket: backups, BackupSchedule: backupSchedule,
	})
}
