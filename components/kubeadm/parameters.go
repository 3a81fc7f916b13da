package kubeadm

// JoinPath is the path of all parameters that workers join through.
func JoinPath(cluster string) string { return "/" + cluster + "/join" }

// JoinParameter is the name of the SSM parameter in which a worker puts a JoinRequest and finds a kubeconfig in answer
// (String: neither is secret). Only that worker's role and the control plane's may write it.
func JoinParameter(cluster, node string) string { return JoinPath(cluster) + "/" + node }

// RoleName is the name of a node's IAM role. The control plane recognizes a joining node by it.
func RoleName(cluster, node string) string { return cluster + "-" + node }

// KubeconfigParameter is the name of the SSM parameter with a KubeconfigMessage (SecureString).
func KubeconfigParameter(cluster string) string { return "/" + cluster + "/kubeconfig" }

// BackupParameter is the name of the SSM parameter with a StatusMessage about the last backup or restore (String). Its Reason
// is the name of the backup, or the failure.
func BackupParameter(cluster string) string { return "/" + cluster + "/backup" }

// StatusParameter is the name of the SSM parameter with a node's StatusMessage (String).
func StatusParameter(cluster, node string) string { return "/" + cluster + "/nodes/" + node }
