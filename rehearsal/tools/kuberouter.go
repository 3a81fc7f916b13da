package tools

// KubeRouter enforces NetworkPolicies in the lab, in place of Calico. Flaws are reported for its version, the only one whose module
// can be had: it is for the lab alone.
func KubeRouter() Tool {
	const path = "github.com/cloudnativelabs/kube-router/v2"
	return Tool{Name: "kube-router", Module: "kube-router", Package: path + "/cmd/kube-router", stamp: func(version string) []string {
		return []string{path + "/pkg/version.Version=" + version}
	}}
}
