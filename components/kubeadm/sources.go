package kubeadm

import "cmp"

// Sources are the addresses that a booting node downloads from. Mirrors and labs can replace them.
type Sources struct {
	// KubernetesAPT is the apt repository of the Kubernetes minor, KubernetesAPTKey its ASCII-armored signing key.
	KubernetesAPT    string `pulumi:"kubernetesApt"`
	KubernetesAPTKey string `pulumi:"kubernetesAptKey"`
	// ContainerdAPT is the apt repository with containerd.io, ContainerdAPTKey its ASCII-armored signing key.
	ContainerdAPT    string `pulumi:"containerdApt"`
	ContainerdAPTKey string `pulumi:"containerdAptKey"`
	// ImageRepository is the registry and path of the control plane's images.
	ImageRepository string `pulumi:"imageRepository"`
	// IMDSEndpoint is the instance metadata service.
	IMDSEndpoint string `pulumi:"imdsEndpoint"`
	// SSMEndpoint is the regional Systems Manager API.
	SSMEndpoint string `pulumi:"ssmEndpoint"`
	// S3Endpoint is the regional S3 API, with the bucket as the first part of a path.
	S3Endpoint string `pulumi:"s3Endpoint"`
}

func (s Sources) withDefaults(region, minor string) Sources {
	kubernetes := "https://pkgs.k8s.io/core:/stable:/v" + minor + "/deb/"
	return Sources{
		KubernetesAPT:    cmp.Or(s.KubernetesAPT, kubernetes),
		KubernetesAPTKey: cmp.Or(s.KubernetesAPTKey, kubernetes+"Release.key"),
		ContainerdAPT:    cmp.Or(s.ContainerdAPT, "https://download.docker.com/linux/ubuntu"),
		ContainerdAPTKey: cmp.Or(s.ContainerdAPTKey, "https://download.docker.com/linux/ubuntu/gpg"),
		ImageRepository:  cmp.Or(s.ImageRepository, "registry.k8s.io"),
		IMDSEndpoint:     cmp.Or(s.IMDSEndpoint, "http://169.254.169.254"),
		SSMEndpoint:      cmp.Or(s.SSMEndpoint, "https://ssm."+region+".amazonaws.com"),
		S3Endpoint:       cmp.Or(s.S3Endpoint, "https://s3."+region+".amazonaws.com"),
	}
}
