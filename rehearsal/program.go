package rehearsal

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/verify"
)

// Program is a Pulumi program that can be rehearsed. It is served from this process, so no language host is needed.
type Program struct {
	// Name is the value of PROGRAM, e.g. examples/three-nodes.
	Name string
	// Folder holds Pulumi.yaml and the stack files, relative to the repository; "." is the repository itself.
	Folder string
	// Stack is rehearsed if none is named.
	Stack string
	// Run is the program.
	Run pulumi.RunFunc
	// KubeconfigOutput is the name of the stack output that holds an administrator's kubeconfig.
	KubeconfigOutput string
	// URLsOutput is the name of the stack output that holds URLs by workload; empty for none.
	URLsOutput string
	// PodRoles are the names of the workloads that act in AWS by a role of their own.
	PodRoles []string
	// HostedZones are the DNS zones of the simulated account.
	HostedZones []string
	// Config, if non-nil, returns the settings that a rehearsal overrides, by full key (project:key). apiPort is the
	// loopback port on which the API server will listen.
	Config func(apiPort int) map[string]string
	// Secrets are the full keys of secrets that the stack files lack. The rehearsal generates their values, and those of
	// the stack file's encrypted settings.
	Secrets []string
	// Unprotect are settings that must be set before a destroy; they are set only if Design.Protected.
	Unprotect map[string]string
	// Refused, if non-nil, returns edits that a preview of the running stack must refuse, by full key, with the settings given
	// by full key.
	Refused func(config map[string]string) map[string]string
	// Previewer, if non-nil, returns an IAM role that may run a preview and change nothing, with its policy as JSON, for a stack in
	// an account.
	Previewer func(root, stack, account string) (role, policy string, err error)
	// Design derives the expectations from a stack's settings, which are given by full key as Pulumi stores them.
	Design func(stack string, config map[string]string) (*Design, error)
}

// Design is the cluster that a program is expected to build.
type Design struct {
	// Region is the AWS region that is simulated.
	Region string
	// KubernetesVersion is without a leading v, e.g. 1.36.3.
	KubernetesVersion string
	// ControlPlane is the name of the control plane's node.
	ControlPlane string
	Nodes        []Node
	Workloads    []verify.Workload
	// Applications are the names of the workloads whose pods are reported first.
	Applications []string
	// Protected is true if instances cannot be terminated until Program.Unprotect is set.
	Protected bool
}

// Node is one expected node with its EC2 instance.
type Node struct {
	verify.Node
	// Role and Purpose are shown in the report.
	Role, Purpose string
	// InstanceType is the EC2 instance type, e.g. t3.medium.
	InstanceType string
	// Zone is the availability zone, e.g. ap-northeast-2a.
	Zone string
}

// NodeNames returns the names of all nodes, in the order of the design.
func (d *Design) NodeNames() []string {
	names := make([]string, 0, len(d.Nodes))
	for _, node := range d.Nodes {
		names = append(names, node.Name)
	}
	return names
}

// expected returns the part of the design that the API server can confirm.
func (d *Design) expected() verify.Expected {
	want := verify.Expected{Workloads: d.Workloads}
	for _, node := range d.Nodes {
		want.Nodes = append(want.Nodes, node.Node)
	}
	return want
}
