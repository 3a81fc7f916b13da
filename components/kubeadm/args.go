package kubeadm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
)

// BootstrapArgs says which nodes make up a cluster.
type BootstrapArgs struct {
	// ClusterName is the first part of every SSM parameter's name. It must be the Cluster of every node's user data.
	ClusterName string
	// ControlPlane is the name of the node that runs kubeadm init.
	ControlPlane string
	// Workers are the names of all other nodes.
	Workers []string
	// BackupBucketARN is the bucket that the control plane saves itself to, and that holds nothing else; nil for none.
	BackupBucketARN pulumi.StringInput
	// Statements are what nodes may do beside taking part in the cluster, by node name.
	Statements map[string][]Statement
}

var (
	statementID = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	iamAction   = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]*\*?$`)
)

// nodes are all node names, the control plane's first.
func (a *BootstrapArgs) nodes() []string { return append([]string{a.ControlPlane}, a.Workers...) }

func (a *BootstrapArgs) check() error {
	var found problems
	for _, message := range validation.IsDNS1123Label(a.ClusterName) {
		found.add("ClusterName", a.ClusterName, message)
	}
	if strings.HasPrefix(a.ClusterName, "aws") || strings.HasPrefix(a.ClusterName, "ssm") {
		found.add("ClusterName", a.ClusterName, "SSM refuses parameter names that begin with aws or ssm")
	}
	seen := map[string]bool{}
	for _, node := range a.nodes() {
		for _, message := range validation.IsDNS1123Label(node) {
			found.add("node name", node, message)
		}
		if seen[node] {
			found.add("node name", node, "each node needs a name of its own")
		}
		seen[node] = true
	}
	for _, node := range slices.Sorted(maps.Keys(a.Statements)) {
		if !seen[node] {
			found.add("Statements", node, "the name of one of the nodes is right")
		}
		for _, statement := range a.Statements[node] {
			statement.check(node, &found)
		}
	}
	return found.join("cluster cannot be made")
}

func (s *Statement) check(node string, found *problems) {
	field := "Statements[" + node + "]"
	if !statementID.MatchString(s.Sid) {
		found.add(field+".Sid", s.Sid, "letters and digits are right")
	}
	if len(s.Actions) == 0 || s.Resources == nil {
		found.add(field, s.Sid, "a statement needs actions and resources")
	}
	for _, action := range s.Actions {
		if !iamAction.MatchString(action) {
			found.add(field+".Actions", action, "an action such as s3:GetObject is right")
		}
	}
}
