package roll

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/version"
)

// maxKubeletSkew is the number of minor versions that a kubelet may be behind the API server
// (https://kubernetes.io/releases/version-skew-policy, as of 2026-11).
const maxKubeletSkew = 3

// skew lists the violations of Kubernetes' version skew policy by the plan.
func skew(plan *Plan, s *state) (problems []string) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	server, err := version.ParseSemantic(plan.Server)
	if err != nil {
		return []string{fmt.Sprintf("the API server's version is %q: %v", plan.Server, err)}
	}
	target := server
	for _, step := range plan.Steps {
		if !step.ControlPlane || step.Fate == Kept {
			continue
		}
		if target, err = version.ParseSemantic(step.Version); err != nil {
			report("node %s would get version %q: %v", step.Node, step.Version, err)
			return problems
		}
		switch {
		case target.LessThan(server):
			report("the API server is %s and v%s would be older: a control plane cannot be downgraded", plan.Server, target)
		case target.Major() != server.Major() || target.Minor() > server.Minor()+1:
			report("the API server is %s and v%s is more than one minor version ahead: roll to %d.%d first", plan.Server, target, server.Major(), server.Minor()+1)
		}
	}
	for _, step := range plan.Steps {
		if step.ControlPlane || step.Fate == Kept {
			continue
		}
		wanted, err := version.ParseSemantic(step.Version)
		if err != nil {
			report("node %s would get version %q: %v", step.Node, step.Version, err)
			continue
		}
		if target.LessThan(wanted) {
			report("node %s would get kubelet v%s, newer than the API server's v%s: roll the control plane as well", step.Node, wanted, target)
		}
		if is, err := version.ParseSemantic(step.Kubelet); err == nil && wanted.LessThan(is) {
			report("node %s has kubelet %s and v%s would be older: downgrades are not supported", step.Node, step.Kubelet, wanted)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.nodes)) {
		is, err := version.ParseSemantic(s.nodes[name].Status.NodeInfo.KubeletVersion)
		if err != nil {
			report("node %s reports the kubelet version %q: %v", name, s.nodes[name].Status.NodeInfo.KubeletVersion, err)
			continue
		}
		if server.LessThan(is) {
			report("node %s has kubelet v%s, newer than the API server's v%s", name, is, server)
		}
		if target.Minor() > is.Minor()+maxKubeletSkew {
			report("node %s has kubelet v%s, more than %d minor versions behind the API server's v%s: roll it to a version between first", name, is, maxKubeletSkew, target)
		}
	}
	return problems
}
