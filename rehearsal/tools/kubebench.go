package tools

import "context"

// KubeBenchmark names the newest edition of the CIS Kubernetes Benchmark that the pinned kube-bench has.
const KubeBenchmark = "cis-1.10"

const kubeBenchModule = "github.com/aquasecurity/kube-bench"

// KubeBench audits a node by the controls of the CIS Kubernetes Benchmark, which are files of its module.
func KubeBench() Tool {
	return Tool{Name: "kube-bench", Module: "kube-bench", Package: kubeBenchModule}
}

// Jq is a jq, which audits of kube-bench call.
func Jq() Tool {
	return Tool{Name: "jq", Module: "kube-bench", Package: "github.com/itchyny/gojq/cmd/gojq"}
}

// KubeBenchControls returns the directory with the controls of kube-bench, in Go's module cache.
func (b *Builder) KubeBenchControls(ctx context.Context) (string, error) {
	directory, err := moduleDirectory(ctx, b.module(KubeBench()), kubeBenchModule)
	return directory + "/cfg", err
}
