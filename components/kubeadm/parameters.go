package kubeadm

// JoinParameter is the name of the SSM parameter with the discovery kubeconfig that workers join with (SecureString).
func JoinParameter(cluster string) string { return "/" + cluster + "/join" }

// KubeconfigParameter is the name of the SSM parameter with a KubeconfigMessage (SecureString).
func KubeconfigParameter(cluster string) string { return "/" + cluster + "/kubeconfig" }

// BackupParameter is the name of the SSM parameter with a StatusMessage about the last backup or restore (String). Its Reason
// is the name of the backup, or the failure.
func BackupParameter(cluster string) string { return "/" + cluster + "/backup" }

// StatusParameter is the name of the SSM parameter with a node's StatusMessage (String).
func StatusParameter(cluster, node string) string { return StatusPath(cluster) + "/" + node }

// StatusPath is the path of the status parameters of all nodes.
func StatusPath(cluster string) string { return "/" + cluster + "/nodes" }
