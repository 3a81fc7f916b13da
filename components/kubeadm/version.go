package kubeadm

import (
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

var (
	kubernetesVersion = regexp.MustCompile(`^(\d+\.\d+)\.\d+$`)
	packageRevision   = regexp.MustCompile(`^\d+\.\d+$`)
	// containerdVersion is an apt version or pattern. Kubernetes 1.36 does not support containerd 1.x.
	containerdVersion = regexp.MustCompile(`^2\.[0-9]+\.[0-9A-Za-z.+~*-]+$`)
)

// SupportedMinors returns the Kubernetes minors whose kubeadm, kubelet and apt repositories the scripts are written for
// (kubeadm v1beta4, containerd 2.x; maintained upstream as of 2026-11).
func SupportedMinors() []string { return []string{"1.35", "1.36", "1.37"} }

// Minor returns the minor of a full version, e.g. 1.36 for 1.36.3; empty if the version is malformed.
func Minor(version string) string {
	parts := kubernetesVersion.FindStringSubmatch(version)
	if parts == nil {
		return ""
	}
	return parts[1]
}

// CheckVersion returns an error if the Kubernetes version is malformed or its minor is not supported.
func CheckVersion(version string) error {
	problem := validation.Problem{Field: "KubernetesVersion", Value: version}
	switch minor := Minor(version); {
	case minor == "":
		problem.Must = "must be a full version without a leading v, e.g. 1.36.3"
	case !slices.Contains(SupportedMinors(), minor):
		problem.Must = "must be of " + strings.Join(SupportedMinors(), ", ")
	default:
		return nil
	}
	return problem
}
