package stacks

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/sessions"
)

// Names of the stack outputs.
const (
	// OutputClusterInfo holds name, zones, version, totals and buckets.
	OutputClusterInfo = "clusterInfo"
	// InfoDumpsBucket is the key in OutputClusterInfo of the bucket of database dumps.
	InfoDumpsBucket = "dumpsBucket"
	// OutputNodes holds role, instance type, zone, addresses and instance ID of each node by name.
	OutputNodes = "nodes"
	// OutputCredentials holds the generated users for people by service, a secret.
	OutputCredentials = "credentials"
	// OutputNodeRoles holds the purpose of each node by name.
	OutputNodeRoles = "nodeRoles"
	// OutputSSHCommands holds a command by node that opens a shell on it.
	OutputSSHCommands = "sshCommands"
	// OutputKubeconfig is an administrator's kubeconfig, a secret.
	OutputKubeconfig = "kubeconfig"
	// OutputRemovedNodes lists the nodes that the update drained and deleted, since they are no longer in the program.
	OutputRemovedNodes = "removedNodes"
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
func outputs(s *Settings, c *infrastructure, users logins) pulumi.Map {
	return pulumi.Map{
		OutputClusterInfo: clusterInfo(s, c),
		OutputNodes:       describeNodes(s, c.Instances),
		OutputNodeRoles:   nodeRoles(s.Nodes),
		OutputSSHCommands: sshCommands(s, c.Instances),
		OutputKubeconfig:  c.Kubeconfig,
		OutputAPIEndpoint: c.APIServerURL,

		OutputURLs:         c.traffic.URLs,
		OutputLoadBalancer: c.traffic.DNSName,
		OutputCredentials:  secretLogins(users),
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
		InfoDumpsBucket:     c.dumps.Name,
	}
}

// describeNodes returns the facts about each node. Surge instances are left out: they last for one update.
func describeNodes(s *Settings, instances map[string]*instance.Instance) pulumi.Map {
	nodes := pulumi.Map{}
	for _, n := range s.Nodes {
		i := instances[n.Name]
		nodes[n.Name] = pulumi.Map{
			"role": pulumi.String(n.Role), "instanceType": pulumi.String(n.InstanceType), "zone": pulumi.String(s.AvailabilityZones[n.Zone]),
			"instanceId": i.InstanceID, "privateIp": i.PrivateIP, "publicIp": i.PublicIP,
		}
	}
	return nodes
}

// secretLogins returns the users as one secret.
func secretLogins(users logins) pulumi.Output {
	services := pulumi.Map{}
	for service, l := range users {
		services[service] = pulumi.Map{"user": l.user, "password": l.password}
	}
	return pulumi.ToSecret(services)
}

func nodeRoles(nodes []Node) pulumi.StringMap {
	roles := pulumi.StringMap{}
	for _, n := range nodes {
		roles[n.Name] = pulumi.String(n.Purpose)
	}
	return roles
}

// sshCommands returns a command per node that opens a shell on it: ssh where administrators can connect to port 22 and the
// instance has the key, which one that was created before the setting has not. Session Manager needs no key, no open port and no
// address.
func sshCommands(s *Settings, nodes map[string]*instance.Instance) pulumi.StringMap {
	commands := pulumi.StringMap{}
	for name, n := range nodes {
		session := pulumi.Sprintf("aws ssm start-session --region %s --document-name %s --target %s", s.Region, sessions.ShellDocument(s.ClusterName()), n.InstanceID)
		commands[name] = session
		if s.opensSSH() {
			commands[name] = pulumi.All(n.KeyName, n.PublicIP, session).ApplyT(s.sshCommand).(pulumi.StringOutput)
		}
	}
	return commands
}

// sshCommand takes the key and the address of an instance, and the command for an instance without the key.
func (s *Settings) sshCommand(values []any) string {
	if values[0] != s.SSHKeyName {
		return values[2].(string)
	}
	return fmt.Sprintf("ssh -i %s ubuntu@%s", s.keyFile(), values[1])
}

// opensSSH reports whether administrators can connect to port 22 of the nodes.
func (s *Settings) opensSSH() bool {
	return s.SSHKeyName != "" && s.NodeSubnets == subnetsPublic && len(s.AdminCIDRs) > 0
}

// keyFile is the private key's file on the computers of administrators.
func (s *Settings) keyFile() string { return cmp.Or(s.SSHKeyFile, "~/.ssh/"+s.SSHKeyName+".pem") }
