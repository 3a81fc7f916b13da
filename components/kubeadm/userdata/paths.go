package userdata

// Paths of a node's files, shared by renderer, scripts and parser.
const (
	// KubeadmConfigPath holds the kubeadm documents: init on the control plane, join on a worker.
	KubeadmConfigPath = "/etc/kubeadm/kubeadm.yaml"
	// PatchesDir is kubeadm's patches.directory.
	PatchesDir = "/etc/kubeadm/patches"
	// KubeletPatchPath holds the kubelet patch of the node. kubeadm derives target and patch type from the file name.
	KubeletPatchPath = PatchesDir + "/kubeletconfiguration+strategic.yaml"
	// CoreDNSPatchPath holds the patch of the Deployment of CoreDNS, on the control plane.
	CoreDNSPatchPath = PatchesDir + "/corednsdeployment+strategic.yaml"
	// APIServerDir holds the files that the API server reads beside its certificates.
	APIServerDir = "/etc/kubeadm/apiserver"
	// EnvironmentPath holds the settings of the boot scripts as shell variables.
	EnvironmentPath = "/etc/kubeadm/bootstrap.env"
	// DiscoveryPath is where a worker writes the join data that it has read from SSM.
	DiscoveryPath = "/etc/kubeadm/discovery.conf"
	// ScriptsDir holds the boot scripts.
	ScriptsDir = "/usr/local/lib/kubeadm-bootstrap"
	// DriverPath is the script that runs all others.
	DriverPath = ScriptsDir + "/bootstrap.sh"
	// PublishPath is the script of the control plane that publishes kubeconfigs, and revokes them.
	PublishPath = ScriptsDir + "/publish.sh"
	// UnitPath is the systemd unit that runs the driver at each boot.
	UnitPath = "/etc/systemd/system/kubeadm-bootstrap.service"
)

// MaxBytes is EC2's limit for user data, in bytes before base64 encoding (EC2 API reference, RunInstances).
const MaxBytes = 16384
