package stacks

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/capacity"
)

// Role groups nodes that need the same security group.
type Role string

// The roles of the nodes.
const (
	RoleControlPlane   Role = "control-plane"
	RoleAPI            Role = "api"
	RoleWorker         Role = "worker"
	RoleInfrastructure Role = "infrastructure"
)

// Labels and taint that place pods.
const (
	labelWorkload = "workload"
	labelType     = "type"
	// taintDedicated keeps everything off a node that was not made for it; its value is the node's workload or type.
	taintDedicated = "growbin.app/dedicated"
)

// Band is an expected load in percent of what a node can give to pods.
type Band struct{ Low, High float64 }

// Node is one machine of the cluster. Adding a node is adding a row to topology.
type Node struct {
	// Name says what the node does; nodes are never numbered.
	Name string
	// Purpose is what a person reads in the outputs.
	Purpose string
	// Role decides the security group and what kubectl shows under ROLES.
	Role Role
	// InstanceType is an EC2 type; the setting instanceTypes overrides it per stack.
	InstanceType string
	// Zone is an index into the setting availabilityZones: 0 is 2a, 1 is 2b, 2 is 2c.
	Zone int
	// RootGiB and DataGiB are the sizes of the two volumes in GiB. Data outlives the machine.
	RootGiB, DataGiB int
	// MaxPods bounds pods and thereby what kubelet reserves for itself.
	MaxPods int
	// Labels are set by kubelet at registration, Taints as well.
	Labels map[string]string
	// Dedicated is the value of the dedicated taint; empty for the control plane, which kubeadm taints.
	Dedicated string
	// Band is the expected load, nil where the design states none.
	Band *Band
	// PodsUseRole lets pods act with the node's IAM role.
	PodsUseRole bool
}

// topology is the table of the cluster's machines. Every total and every output derives from it.
var topology = []Node{
	{
		Name: "k8s-master", Role: RoleControlPlane, InstanceType: "t3.large", Zone: 0, RootGiB: 20, DataGiB: 10, MaxPods: 40,
		Purpose: "Control plane: API server, etcd, scheduler, Argo CD",
		Labels:  map[string]string{labelWorkload: "control-plane"},
	},
	{
		Name: "k8s-api-high-traffic", Role: RoleAPI, InstanceType: "t3.medium", Zone: 1, RootGiB: 30, MaxPods: 30,
		Purpose: "APIs under high traffic: waste analysis, LLM chat, authentication",
		Labels:  map[string]string{labelWorkload: "api", labelType: "high-traffic"}, Dedicated: "api", Band: &Band{70, 80},
	},
	{
		Name: "k8s-api-low-traffic", Role: RoleAPI, InstanceType: "t3.medium", Zone: 2, RootGiB: 30, MaxPods: 30,
		Purpose: "APIs under low traffic: user info, location, recycling info",
		Labels:  map[string]string{labelWorkload: "api", labelType: "low-traffic"}, Dedicated: "api", Band: &Band{40, 60},
	},
	{
		Name: "k8s-worker-storage", Role: RoleWorker, InstanceType: "t3.medium", Zone: 0, RootGiB: 40, MaxPods: 30,
		Purpose: "Celery workers on storage: image upload, rule retrieval, and the scheduler",
		Labels:  map[string]string{labelWorkload: "async-workers", labelType: "storage"}, Dedicated: "async-workers", Band: &Band{50, 70},
		PodsUseRole: true, // image-uploader writes to S3
	},
	{
		Name: "k8s-worker-ai", Role: RoleWorker, InstanceType: "t3.medium", Zone: 1, RootGiB: 30, MaxPods: 30,
		Purpose: "Celery workers on AI APIs: image analysis, response generation",
		Labels:  map[string]string{labelWorkload: "async-workers", labelType: "ai"}, Dedicated: "async-workers", Band: &Band{60, 80},
	},
	{
		Name: "k8s-rabbitmq", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 0, RootGiB: 20, DataGiB: 20, MaxPods: 20,
		Purpose: "RabbitMQ: the task queues",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "rabbitmq"}, Dedicated: "rabbitmq",
	},
	{
		Name: "k8s-postgresql", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 1, RootGiB: 20, DataGiB: 40, MaxPods: 20,
		Purpose: "PostgreSQL: databases growbin, auth, analytics",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "postgresql"}, Dedicated: "postgresql",
	},
	{
		Name: "k8s-redis", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 2, RootGiB: 20, DataGiB: 10, MaxPods: 20,
		Purpose: "Redis: image hash cache, sessions, Celery results, chat history",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "redis"}, Dedicated: "redis",
	},
	{
		Name: "k8s-monitoring", Role: RoleInfrastructure, InstanceType: "t3.large", Zone: 2, RootGiB: 20, DataGiB: 40, MaxPods: 40,
		Purpose: "Prometheus, Grafana, Alertmanager",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "monitoring"}, Dedicated: "monitoring",
	},
}

// Topology returns a copy of the table with the given instance types, by node name, in place of its own.
// Every unknown node or type is reported, joined.
func Topology(instanceTypes map[string]string) ([]Node, error) {
	nodes := make([]Node, len(topology))
	known := map[string]bool{}
	for i, node := range topology {
		node.Labels = maps.Clone(node.Labels)
		if override, ok := instanceTypes[node.Name]; ok {
			node.InstanceType = override
		}
		known[node.Name] = true
		nodes[i] = node
	}
	return nodes, checkTopology(nodes, known, instanceTypes)
}

// Taints are set at registration; kubeadm taints the control plane by itself.
func (n Node) Taints() []corev1.Taint {
	if n.Dedicated == "" {
		return nil
	}
	return []corev1.Taint{{Key: taintDedicated, Value: n.Dedicated, Effect: corev1.TaintEffectNoSchedule}}
}

// Tolerations let a pod onto the node.
func (n Node) Tolerations() []corev1.Toleration {
	if n.Role == RoleControlPlane {
		return []corev1.Toleration{{
			Key: controlPlaneTaint, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		}}
	}
	return []corev1.Toleration{{
		Key: taintDedicated, Operator: corev1.TolerationOpEqual, Value: n.Dedicated, Effect: corev1.TaintEffectNoSchedule,
	}}
}

// controlPlaneTaint is the taint that kubeadm gives its control plane.
const controlPlaneTaint = "node-role.kubernetes.io/control-plane"

// Type is the node's instance type with its figures.
func (n Node) Type() capacity.InstanceType {
	t, err := capacity.LookupInstanceType(n.InstanceType)
	if err != nil {
		panic(fmt.Sprintf("node %s was not validated: %v", n.Name, err))
	}
	return t
}

// Capacity is the node as the planner sees it.
func (n Node) Capacity() capacity.Node {
	taints := n.Taints()
	if n.Role == RoleControlPlane {
		taints = append(taints, corev1.Taint{Key: controlPlaneTaint, Effect: corev1.TaintEffectNoSchedule})
	}
	return capacity.Node{Name: n.Name, Labels: n.Labels, Taints: taints, Allocatable: n.Type().Allocatable(n.MaxPods)}
}

// Totals sums a topology up.
type Totals struct {
	Nodes, VCPU, MemoryGiB, DiskGiB int
	ByRole                          map[Role]int
}

// Sum derives the totals of the nodes.
func Sum(nodes []Node) Totals {
	totals := Totals{Nodes: len(nodes), ByRole: map[Role]int{}}
	for _, node := range nodes {
		totals.VCPU += node.Type().VCPU
		totals.MemoryGiB += node.Type().MemoryMiB / 1024
		totals.DiskGiB += node.RootGiB + node.DataGiB
		totals.ByRole[node.Role]++
	}
	return totals
}
