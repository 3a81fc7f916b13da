package stacks

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/capacity"
)

// Role groups the nodes that share a security group.
type Role string

// The roles of the nodes.
const (
	RoleControlPlane   Role = "control-plane"
	RoleAPI            Role = "api"
	RoleWorker         Role = "worker"
	RoleInfrastructure Role = "infrastructure"
)

// Labels and taint that pods are scheduled by.
const (
	labelWorkload = "workload"
	labelType     = "type"
	// taintDedicated is the key of the taint that keeps other pods off a node; its value is the node's workload or type.
	taintDedicated = "growbin.app/dedicated"
)

// Band is an expected load, in percent of the node's allocatable CPU and memory.
type Band struct {
	// Low and High are the limits in percent, inclusive.
	Low, High float64
}

// Node is one node of the cluster and its EC2 instance. To add a node, add a row to topology.
type Node struct {
	// Name states the purpose of the node. It is the name of the Kubernetes node and of the instance; it has no number.
	Name string
	// Purpose is one line for people, shown in the output nodeRoles.
	Purpose string
	// Role selects the security group and is shown by kubectl under ROLES.
	Role Role
	// InstanceType is an EC2 type, e.g. t3.medium. The setting instanceTypes overrides it per stack.
	InstanceType string
	// Zone is an index into the setting availabilityZones: 0 is 2a, 1 is 2b, 2 is 2c.
	Zone int
	// RootGiB is the size of the root volume in GiB.
	RootGiB int
	// DataGiB is the size of the data volume in GiB; 0 for none. A data volume outlives its instance.
	DataGiB int
	// Snapshots states that snapshots of the data volume are taken on a schedule. The control plane has backups of its own, and
	// monitoring keeps nothing that is worth one.
	Snapshots bool
	// MaxPods is the maximum number of pods. kubelet reserves memory for itself in proportion.
	MaxPods int
	// MaxReplicas is the maximum number of pods of each application on the node; 0 for those of the catalog.
	MaxReplicas int
	// Labels are set by kubelet at registration. Pods select the node by them.
	Labels map[string]string
	// Dedicated is the value of the taint growbin.app/dedicated; empty for the control plane, which kubeadm taints.
	Dedicated string
	// Band is the expected load; nil if the design states none.
	Band *Band
	// Buying is the way in which the instance is paid; on demand when empty. The setting buying overrides it per stack.
	Buying Buying
}

// topology is the table of the cluster's nodes. All totals and outputs derive from it.
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
	},
	{
		Name: "k8s-worker-ai", Role: RoleWorker, InstanceType: "t3.medium", Zone: 1, RootGiB: 30, MaxPods: 30,
		Purpose: "Celery workers on AI APIs: image analysis, response generation",
		Labels:  map[string]string{labelWorkload: "async-workers", labelType: "ai"}, Dedicated: "async-workers", Band: &Band{60, 80},
	},
	{
		Name: "k8s-rabbitmq", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 0, RootGiB: 20, DataGiB: 20, Snapshots: true, MaxPods: 20,
		Purpose: "RabbitMQ: the task queues",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "rabbitmq"}, Dedicated: "rabbitmq",
	},
	{
		Name: "k8s-postgresql", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 1, RootGiB: 20, DataGiB: 40, Snapshots: true, MaxPods: 20,
		Purpose: "PostgreSQL: databases growbin, auth, analytics",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "postgresql"}, Dedicated: "postgresql",
	},
	{
		Name: "k8s-redis", Role: RoleInfrastructure, InstanceType: "t3.small", Zone: 2, RootGiB: 20, DataGiB: 10, Snapshots: true, MaxPods: 20,
		Purpose: "Redis: image hash cache, sessions, Celery results, chat history",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "redis"}, Dedicated: "redis",
	},
	{
		Name: "k8s-monitoring", Role: RoleInfrastructure, InstanceType: "t3.large", Zone: 2, RootGiB: 20, DataGiB: 40, MaxPods: 40,
		Purpose: "Prometheus, Grafana, Alertmanager",
		Labels:  map[string]string{labelWorkload: "infrastructure", labelType: "monitoring"}, Dedicated: "monitoring",
	},
}

// Topology returns a copy of the table with the smaller rows of the stack, and instance types overridden by node name. Its error
// joins all unknown nodes and types.
func Topology(stack string, instanceTypes map[string]string) ([]Node, error) {
	return topologyWith(stack, nil, instanceTypes)
}

// topologyWith is Topology with more nodes, see addNodes.
func topologyWith(stack string, added, instanceTypes map[string]string) ([]Node, error) {
	nodes := slices.Clone(topology)
	known := map[string]bool{}
	unknown := shrink(stack, nodes)
	nodes, wrong := addNodes(nodes, added)
	for i, node := range nodes {
		nodes[i].Labels = maps.Clone(node.Labels)
		if override, ok := instanceTypes[node.Name]; ok {
			nodes[i].InstanceType = override
		}
		known[node.Name] = true
	}
	return nodes, errors.Join(unknown, wrong, checkTopology(nodes, known, instanceTypes))
}

// Taints returns the taints that kubelet sets at registration. kubeadm taints the control plane.
func (n Node) Taints() []corev1.Taint {
	if n.Dedicated == "" {
		return nil
	}
	return []corev1.Taint{{Key: taintDedicated, Value: n.Dedicated, Effect: corev1.TaintEffectNoSchedule}}
}

// Tolerations returns the tolerations of pods that run on the node.
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

// controlPlaneTaint is the key of the taint that kubeadm sets on a control plane.
const controlPlaneTaint = "node-role.kubernetes.io/control-plane"

// Type returns CPU, memory and other figures of the instance type. The type must have been validated.
func (n Node) Type() capacity.InstanceType {
	t, err := capacity.LookupInstanceType(n.InstanceType)
	if err != nil {
		panic(fmt.Sprintf("node %s was not validated: %v", n.Name, err))
	}
	return t
}

// Capacity returns the node for the capacity planner.
func (n Node) Capacity() capacity.Node {
	taints := n.Taints()
	if n.Role == RoleControlPlane {
		taints = append(taints, corev1.Taint{Key: controlPlaneTaint, Effect: corev1.TaintEffectNoSchedule})
	}
	return capacity.Node{Name: n.Name, Labels: n.Labels, Taints: taints, Allocatable: n.Type().Allocatable(n.MaxPods)}
}

// Totals are the sums of a topology.
type Totals struct {
	// Nodes is the number of nodes.
	Nodes int
	// VCPU is the number of vCPUs.
	VCPU int
	// MemoryGiB is the memory of all instances in GiB.
	MemoryGiB int
	// DiskGiB is the size of all volumes in GiB.
	DiskGiB int
	// ByRole is the number of nodes of each role.
	ByRole map[Role]int
}

// Sum returns the totals of the nodes.
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
