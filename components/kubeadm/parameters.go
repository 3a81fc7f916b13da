package kubeadm

import "github.com/growbin/cluster/components/kubeadm/userdata"

// JoinPath is the path of all parameters that workers join through.
func JoinPath(cluster string) string { return "/" + cluster + "/join" }

// JoinParameter is the name of the SSM parameter in which a worker puts a JoinRequest and finds a kubeconfig in answer
// (String: neither is secret). Only that worker's role and the control plane's may write it.
func JoinParameter(cluster, node string) string { return JoinPath(cluster) + "/" + node }

// RoleName is the name of a node's IAM role. The control plane recognizes a joining node by it.
func RoleName(cluster, node string) string { return cluster + "-" + node }

// KubeconfigParameter is the name of the SSM parameter with the KubeconfigMessage of the deployer, i.e. of pulumi up
// (SecureString).
func KubeconfigParameter(cluster string) string { return "/" + cluster + "/kubeconfig" }

// Identity is a user of the API server for whom the control plane publishes a kubeconfig. IAM decides who may read it.
type Identity string

// The identities. The deployer is pulumi up; a reader may read all but Secrets.
const (
	Deployer  Identity = "deployer"
	Admin     Identity = "admin"
	Reader    Identity = "reader"
	Previewer Identity = "previewer"
)

// Identities returns all identities but the deployer, whose kubeconfig has a parameter of its own.
func Identities() []Identity { return []Identity{Admin, Reader, Previewer} }

// RevokeCommand runs on the control plane as root: it takes the rights from every kubeconfig that was published for an identity, and
// publishes a new one.
func RevokeCommand(identity Identity) string {
	return userdata.PublishPath + " --revoke " + string(identity)
}

// AccessPath is the path of the parameters with the kubeconfigs of Identities.
func AccessPath(cluster string) string { return "/" + cluster + "/access" }

// AccessParameter is the name of the SSM parameter with the KubeconfigMessage of an identity (SecureString).
func AccessParameter(cluster string, identity Identity) string {
	return AccessPath(cluster) + "/" + string(identity)
}

// EncryptionParameter is the name of the SSM parameter with the keys that encrypt Secrets in etcd (SecureString): an
// EncryptionConfiguration of the API server. A control plane on a blank disk reads it, since backups do not hold the keys.
func EncryptionParameter(cluster string) string { return "/" + cluster + "/encryption" }

// BackupParameter is the name of the SSM parameter with a StatusMessage about the last backup or restore (String). Its Reason
// is the name of the backup, or the failure.
func BackupParameter(cluster string) string { return "/" + cluster + "/backup" }

// StatusParameter is the name of the SSM parameter with a node's StatusMessage (String).
func StatusParameter(cluster, node string) string { return StatusPath(cluster) + "/" + node }

// StatusPath is the path of the status parameters of all nodes.
func StatusPath(cluster string) string { return "/" + cluster + "/nodes" }
