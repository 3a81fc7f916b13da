package kubeadm

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// IsMirror reports whether a text is the URL of a mirror: http or https, without user, query and spaces.
func IsMirror(text string) bool { return mirrorURL.MatchString(text) }

// IsRegistry reports whether a text is the host of a registry, with an optional port.
func IsRegistry(text string) bool { return registryHost.MatchString(text) }

// registryHostsDir is where containerd looks for the hosts of a registry.
const registryHostsDir = "/etc/containerd/certs.d"

// KubernetesMirror is where the packages of Kubernetes are.
const KubernetesMirror = "https://pkgs.k8s.io"

// Fingerprints of the keys of pkgs.k8s.io and download.docker.com. Both are renewed, not replaced: an expiry date is no part of a
// fingerprint.
const (
	kubernetesFingerprint = "DE15B14486CD377B9E876E1A234654DA9A296436"
	dockerFingerprint     = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
)

// KubernetesAPT returns the apt repository of a minor version in a mirror of pkgs.k8s.io.
func KubernetesAPT(mirror, minor string) string {
	return strings.TrimSuffix(mirror, "/") + "/core:/stable:/v" + minor + "/deb/"
}

// hosts returns containerd's configuration of each registry that has a mirror. The mirror stands for the registry itself, which a
// node without a way to the internet would wait for.
func (s *Sources) hosts() ([]userdata.File, error) {
	var files []userdata.File
	for _, registry := range slices.Sorted(maps.Keys(s.ImageMirrors)) {
		mirror, err := url.Parse(s.ImageMirrors[registry])
		if err != nil {
			return nil, fmt.Errorf("mirror of %s: %w", registry, err)
		}
		host := mirror.Scheme + "://" + mirror.Host + "/v2" + strings.TrimSuffix(mirror.Path, "/")
		files = append(files, newFile(registryHostsDir+"/"+registry+"/hosts.toml", "0644", fmt.Sprintf(
			"server = %q\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\n", host)))
	}
	return files, nil
}

// Sources are the addresses that a booting node downloads from. Mirrors and labs can replace them.
type Sources struct {
	// KubernetesAPT is the apt repository of the Kubernetes minor, KubernetesAPTKey its ASCII-armored signing key.
	KubernetesAPT    string `pulumi:"kubernetesApt"`
	KubernetesAPTKey string `pulumi:"kubernetesAptKey"`
	// ContainerdAPT is the apt repository with containerd.io, ContainerdAPTKey its ASCII-armored signing key.
	ContainerdAPT    string `pulumi:"containerdApt"`
	ContainerdAPTKey string `pulumi:"containerdAptKey"`
	// KubernetesFingerprint and ContainerdFingerprint are those of the only key that the file of a key may hold, 40 hexadecimal
	// digits in upper case; those of the public repositories when empty. A mirror serves the files that these have signed.
	KubernetesFingerprint string `pulumi:"kubernetesFingerprint"`
	ContainerdFingerprint string `pulumi:"containerdFingerprint"`
	// UbuntuAPT is the mirror of Ubuntu's archive; that of the machine image when empty.
	UbuntuAPT string `pulumi:"ubuntuApt"`
	// ImageMirrors are the URLs from which containerd pulls the images of a registry, by registry, e.g. docker.io. An image that the
	// mirror lacks is not asked of the registry. Mirrors get no credentials.
	ImageMirrors map[string]string `pulumi:"imageMirrors"`
	// ImageRepository is the registry and path of the control plane's images.
	ImageRepository string `pulumi:"imageRepository"`
	// IMDSEndpoint is the instance metadata service.
	IMDSEndpoint string `pulumi:"imdsEndpoint"`
	// SSMEndpoint is the regional Systems Manager API.
	SSMEndpoint string `pulumi:"ssmEndpoint"`
	// S3Endpoint is the regional S3 API, with the bucket as the first part of a path.
	S3Endpoint string `pulumi:"s3Endpoint"`
	// ELBEndpoint is the regional API of load balancers.
	ELBEndpoint string `pulumi:"elbEndpoint"`
}

func (s Sources) withDefaults(region, minor string) Sources {
	kubernetes := KubernetesAPT(KubernetesMirror, minor)
	return Sources{
		KubernetesAPT:         cmp.Or(s.KubernetesAPT, kubernetes),
		KubernetesAPTKey:      cmp.Or(s.KubernetesAPTKey, kubernetes+"Release.key"),
		ContainerdAPT:         cmp.Or(s.ContainerdAPT, "https://download.docker.com/linux/ubuntu"),
		ContainerdAPTKey:      cmp.Or(s.ContainerdAPTKey, "https://download.docker.com/linux/ubuntu/gpg"),
		KubernetesFingerprint: cmp.Or(s.KubernetesFingerprint, kubernetesFingerprint),
		ContainerdFingerprint: cmp.Or(s.ContainerdFingerprint, dockerFingerprint),
		UbuntuAPT:             s.UbuntuAPT,
		ImageMirrors:          s.ImageMirrors,
		ImageRepository:       cmp.Or(s.ImageRepository, "registry.k8s.io"),
		IMDSEndpoint:          cmp.Or(s.IMDSEndpoint, "http://169.254.169.254"),
		SSMEndpoint:           cmp.Or(s.SSMEndpoint, "https://ssm."+region+".amazonaws.com"),
		S3Endpoint:            cmp.Or(s.S3Endpoint, "https://s3."+region+".amazonaws.com"),
		ELBEndpoint:           cmp.Or(s.ELBEndpoint, "https://elasticloadbalancing."+region+".amazonaws.com"),
	}
}
