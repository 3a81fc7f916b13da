package stacks

// expectedNode is one row of the design's table of nodes.
type expectedNode struct {
	role         Role
	instanceType string
	zone         int
	rootGiB      int
	dataGiB      int
	workload     string
	kind         string
}

// expectedNodes is the design's table of nodes by name. It is the only copy of the topology in tests: a new node needs a row
// here, and its share of expectedTotals.
var expectedNodes = map[string]expectedNode{
	"k8s-master":           {RoleControlPlane, "t3.large", 0, 20, 10, "control-plane", ""},
	"k8s-api-high-traffic": {RoleAPI, "t3.medium", 1, 30, 0, "api", "high-traffic"},
	"k8s-api-low-traffic":  {RoleAPI, "t3.medium", 2, 30, 0, "api", "low-traffic"},
	"k8s-worker-storage":   {RoleWorker, "t3.medium", 0, 40, 0, "async-workers", "storage"},
	"k8s-worker-ai":        {RoleWorker, "t3.medium", 1, 30, 0, "async-workers", "ai"},
	"k8s-rabbitmq":         {RoleInfrastructure, "t3.small", 0, 20, 20, "infrastructure", "rabbitmq"},
	"k8s-postgresql":       {RoleInfrastructure, "t3.small", 1, 20, 40, "infrastructure", "postgresql"},
	"k8s-redis":            {RoleInfrastructure, "t3.small", 2, 20, 10, "infrastructure", "redis"},
	"k8s-monitoring":       {RoleInfrastructure, "t3.large", 2, 20, 40, "infrastructure", "monitoring"},
}

// expectedTotals are the design's sums.
var expectedTotals = Totals{
	Nodes: 9, VCPU: 18, MemoryGiB: 38, DiskGiB: 350,
	ByRole: map[Role]int{RoleControlPlane: 1, RoleAPI: 2, RoleWorker: 2, RoleInfrastructure: 4},
}
