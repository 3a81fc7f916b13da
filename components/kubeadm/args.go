package kubeadm

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/validation"
)

// BootstrapArgs describes the nodes of a cluster.
type BootstrapArgs struct {
	// ClusterName begins the name of every SSM parameter. It must be the Cluster of every node's user data.
	ClusterName string `pulumi:"clusterName"`
	// ControlPlane is the name of the node that runs kubeadm init.
	ControlPlane string `pulumi:"controlPlane"`
	// Workers are the names of all other nodes.
	Workers []string `pulumi:"workers"`
	// BackupBucketARN is the bucket for backups of the control plane, which should hold nothing else; nil for no backups.
	BackupBucketARN pulumi.StringInput `pulumi:"backupBucketArn"`
	// LendBackupsUntil allows the control plane to read its backups until that time, which a new one on a blank volume must. When
	// zero it lends nothing, and changes nothing about an earlier loan.
	LendBackupsUntil time.Time `pulumi:"lendBackupsUntil"`
	// IssuerBucketARN is the bucket in which the control plane publishes the keys of service account tokens; nil for none.
	IssuerBucketARN pulumi.StringInput `pulumi:"issuerBucketArn"`
	// KeyARN is the key of KMS that encrypts the parameters and the bucket of backups; AWS's own keys when nil. Its policy must admit
	// the role of each node.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// SessionLogARN is the log group to which Session Manager writes the shells on the nodes; none when nil.
	SessionLogARN pulumi.StringInput `pulumi:"sessionLogArn"`
	// Statements allow nodes more than their part in the cluster, by node name.
	Statements map[string][]Statement `pulumi:"statements"`
}

var (
	statementID = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	iamAction   = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]*\*?$`)
)

// MaxRoleName is IAM's limit for the name of a role, in characters.
const MaxRoleName = 64

// nodes returns all node names, the control plane's first.
func (a *BootstrapArgs) nodes() []string { return append([]string{a.ControlPlane}, a.Workers...) }

// Validate returns all problems of the arguments, joined.
func (a *BootstrapArgs) Validate() error {
	var problems validation.Problems
	AddLabelProblems(&problems, "ClusterName", a.ClusterName)
	if strings.HasPrefix(a.ClusterName, "aws") || strings.HasPrefix(a.ClusterName, "ssm") {
		problems.Add("ClusterName", a.ClusterName, "must not begin with aws or ssm, which SSM reserves")
	}
	seen := map[string]bool{}
	for _, node := range a.nodes() {
		AddLabelProblems(&problems, "node name", node)
		if seen[node] {
			problems.Add("node name", node, "must be unique")
		}
		if name := RoleName(a.ClusterName, node); len(name) > MaxRoleName {
			problems.Add("node name", node, "must be shorter: its role %s may have at most %d characters", name, MaxRoleName)
		}
		seen[node] = true
	}
	for _, node := range slices.Sorted(maps.Keys(a.Statements)) {
		if !seen[node] {
			problems.Add("Statements", node, "must be the name of one of the nodes")
		}
		for _, statement := range a.Statements[node] {
			problems.Include("Statements["+node+"]", statement.Validate())
		}
	}
	return problems.Err()
}

// Validate returns all problems of the statement, joined.
func (s *Statement) Validate() error {
	var problems validation.Problems
	if !statementID.MatchString(s.Sid) {
		problems.Add("Sid", s.Sid, "must be letters and digits")
	}
	if len(s.Actions) == 0 {
		problems.NotSet("Actions", "must hold at least one IAM action")
	}
	for _, action := range s.Actions {
		if !iamAction.MatchString(action) {
			problems.Add("Actions", action, "must be an IAM action, e.g. s3:GetObject")
		}
	}
	if s.Resources == nil {
		problems.NotSet("Resources", "must hold at least one ARN")
	}
	return problems.Err()
}

// AddLabelProblems adds the reasons for which a name is no DNS label.
func AddLabelProblems(problems *validation.Problems, field, name string) {
	for _, reason := range utilvalidation.IsDNS1123Label(name) {
		problems.Add(field, name, "must be a DNS label: %s", reason)
	}
}
