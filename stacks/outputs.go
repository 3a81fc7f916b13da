package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
)

// Names of the stack outputs.
const (
	// OutputClusterInfo holds name, zones, version, totals and buckets.
	OutputClusterInfo = "clusterInfo"
	// OutputNodeRoles holds the purpose of each node by name.
	OutputNodeRoles = "nodeRoles"
	// OutputSSHCommands holds a command by node that opens a shell on it.
	OutputSSHCommands = "sshCommands"
	// OutputKubeconfig is an administrator's kubeconfig, a secret.
	OutputKubeconfig = "kubeconfig"
	// OutputAPIEndpoint is the URL of the API server.
	OutputAPIEndpoint = "apiEndpoint"
	// OutputMonthlyCost is the estimate of the monthly bill with its lines.
	OutputMonthlyCost = "monthlyCost"
	// OutputURLs holds the addresses for users by application, and those of Argo CD and Grafana.
	OutputURLs = "urls"
	// OutputLoadBalancer is the DNS name that AWS gives the load balancer.
	OutputLoadBalancer = "loadBalancer"
)

// outputs returns the stack outputs, for people and other stacks.
func outputs(s *Settings, c *infrastructure) pulumi.Map {
	return pulumi.Map{
		OutputClusterInfo: clusterInfo(s, c),
		OutputNodeRoles:   nodeRoles(s.Nodes),
		OutputSSHCommands: sshCommands(s, c.Instances),
		OutputKubeconfig:  c.Kubeconfig,
		OutputAPIEndpoint: c.APIServerURL,

		OutputURLs:         c.traffic.URLs,
		OutputLoadBalancer: c.traffic.DNSName,
	}
}

func clusterInfo(s *Settings, c *infrastructure) pulumi.Map {
	totals := Sum(s.Nodes)
	byRole := pulumi.IntMap{}
	for role, count := range totals.ByRole {
		byRole[string(role)] = pulumi.Int(count)
	}
	return pulumi.Map{
		"name":              pulumi.String(s.ClusterName()),
		"region":            pulumi.String(s.Region),
		"availabilityZones": pulumi.ToStringArray(s.AvailabilityZones),
		"kubernetesVersion": pulumi.String(s.KubernetesVersion),
		"vpcId":             c.VpcID,
		"nodes":             pulumi.Int(totals.Nodes),
		"nodesByRole":       byRole,
		"vcpus":             pulumi.Int(totals.VCPU),
		"memoryGiB":         pulumi.Int(totals.MemoryGiB),
		"diskGiB":           pulumi.Int(totals.DiskGiB),
		"controlPlaneIp":    c.Instances[ControlPlane(s.Nodes).Name].PublicIP,
		"imagesBucket":      c.images.Name,
		"backupsBucket":     c.Backups.Name,
	}
}

func nodeRoles(nodes []Node) pulumi.StringMap {
	roles := pulumi.StringMap{}
	for _, n := range nodes {
		roles[n.Name] = pulumi.String(n.Purpose)
	}
	return roles
}

// sshCommands returns a command per node that opens a shell on it. Session Manager needs no key, no open port and no address: the
// ID of an instance is stable, while its public address changes with every stop.
func sshCommands(s *Settings, nodes map[string]*instance.Instance) pulumi.StringMap {
	commands := pulumi.StringMap{}
	for name, n := range nodes {
		if s.SSHKeyName != "" && s.NodeSubnets == "public" {
			commands[name] = pulumi.Sprintf("ssh -i ~/.ssh/%s.pem ubuntu@%s", s.SSHKeyName, n.PublicIP)
		} else {
			commands[name] = pulumi.Sprintf("aws ssm start-session --region %s --target %s", s.Region, n.InstanceID)
		}
	}
	return commands
}
