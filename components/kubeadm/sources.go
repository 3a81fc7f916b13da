package kubeadm

// Sources are the addresses that a booting node downloads from. Mirrors and labs can replace them.
type Sources struct {
	// KubernetesAPT is the apt repository of the Kubernetes minor, KubernetesAPTKey its ASCII-armored signing key.
	KubernetesAPT, KubernetesAPTKey string
	// ContainerdAPT is the apt repository with containerd.io, ContainerdAPTKey its ASCII-armored signing key.
	ContainerdAPT, ContainerdAPTKey string
	// ImageRepository is the registry and path of the control plane's images.
	ImageRepository string
	// IMDSEndpoint is the instance metadata service, SSMEndpoint the regional Systems Manager API, S3Endpoint the regional S3
	// API, with the bucket as the first part of a path.
	IMDSEndpoint, SSMEndpoint, S3Endpoint string
}

func (s Sources) withDefaults(region, minor string) Sources {
	kubernetes := "https://pkgs.k8s.io/core:/stable:/v" + minor + "/deb/"
	return Sources{
		KubernetesAPT:    either(s.KubernetesAPT, kubernetes),
		KubernetesAPTKey: either(s.KubernetesAPTKey, kubernetes+"Release.key"),
		ContainerdAPT:    either(s.ContainerdAPT, "https://download.docker.com/linux/ubuntu"),
		ContainerdAPTKey: either(s.ContainerdAPTKey, "https://download.docker.com/linux/ubuntu/gpg"),
		ImageRepository:  either(s.ImageRepository, "registry.k8s.io"),
		IMDSEndpoint:     either(s.IMDSEndpoint, "http://169.254.169.254"),
		SSMEndpoint:      either(s.SSMEndpoint, "https://ssm."+region+".amazonaws.com"),
		S3Endpoint:       either(s.S3Endpoint, "https://s3."+region+".amazonaws.com"),
	}
}

func either(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
