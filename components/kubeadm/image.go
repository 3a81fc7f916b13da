package kubeadm

import (
	"fmt"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// roleImage is the role of an instance that becomes a machine image.
const roleImage = "image"

// ImageConfig is the configuration of an instance that becomes a machine image.
type ImageConfig struct {
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string
	// KubernetesVersion, PackageRevision, ContainerdVersion and Sources are as in NodeConfig. A node that is launched from the
	// image with others repeats the steps.
	KubernetesVersion, PackageRevision, ContainerdVersion string
	Sources                                               Sources
	// Images are references of images to pull into the machine image, beside those that kubeadm names.
	Images []string
}

// ImageUserData renders the user data of an instance that installs the packages of a node, pulls images, removes all
// machine-specific files, and shuts down. It needs no role in AWS and reports nothing: callers wait until it has stopped.
func ImageUserData(config ImageConfig) (string, error) {
	node := NodeConfig{
		Cluster: roleImage, Name: roleImage, Region: config.Region, MaxPods: 1,
		KubernetesVersion: config.KubernetesVersion, PackageRevision: config.PackageRevision,
		ContainerdVersion: config.ContainerdVersion, Sources: config.Sources, Images: config.Images,
	}.withDefaults()
	if err := node.Validate(); err != nil {
		return "", fmt.Errorf("machine image:\n%w", err)
	}
	variables := node.variables(roleImage, node.steps("images", "image"))
	for i := range variables {
		if variables[i].name == userdata.EnvStatusParameter {
			variables[i].value = ""
		}
	}
	text, err := node.render(parts{variables: variables, scripts: []string{"image.sh"}})
	if err != nil {
		return "", fmt.Errorf("machine image: %w", err)
	}
	return text, nil
}
