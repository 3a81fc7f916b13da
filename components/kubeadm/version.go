package kubeadm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	kubernetesVersion = regexp.MustCompile(`^(\d+\.\d+)\.\d+$`)
	packageRevision   = regexp.MustCompile(`^\d+\.\d+$`)
	// containerdVersion is an apt version or pattern; Kubernetes 1.36 refuses containerd 1.x.
	containerdVersion = regexp.MustCompile(`^2\.[0-9]+\.[0-9A-Za-z.+~*-]+$`)
)

// SupportedMinors are the Kubernetes minors whose kubeadm, kubelet and apt repositories the scripts are written for
// (kubeadm v1beta4, containerd 2.x; maintained upstream as of 2026-11).
func SupportedMinors() []string { return []string{"1.35", "1.36", "1.37"} }

// Minor is the minor of a full version: 1.36 for 1.36.3. It is empty when the version is not of that form.
func Minor(version string) string {
	parts := kubernetesVersion.FindStringSubmatch(version)
	if parts == nil {
		return ""
	}
	return parts[1]
}

// CheckVersion returns an error when the Kubernetes version is malformed or its minor is not supported.
func CheckVersion(version string) error {
	minor := Minor(version)
	if minor == "" {
		return fmt.Errorf("version of Kubernetes is %q: a full version without a leading v, such as 1.36.3, is right", version)
	}
	if !slices.Contains(SupportedMinors(), minor) {
		return fmt.Errorf("version of Kubernetes is %q: one of %s is right", version, strings.Join(SupportedMinors(), ", "))
	}
	return nil
}
