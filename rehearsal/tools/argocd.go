package tools

import (
	"context"
	"strings"
)

const argoCDModule = "github.com/argoproj/argo-cd/v3"

// ArgoCD is every program of Argo CD: the name by which it is called selects one. The pinned chart deploys 3.4.4, whose module lacks its
// own gitops-engine; 3.2.6 is the newest whose module is complete.
func ArgoCD() Tool {
	return Tool{
		Name: "argocd", Module: "argo-cd", Package: argoCDModule + "/cmd",
		stamp: func(version string) []string {
			return []string{argoCDModule + "/common.version=" + strings.TrimPrefix(version, "v")}
		},
		// The controller has no setting for the address of its metrics.
		edits: map[string][2]string{"controller/appcontroller.go": {`"0.0.0.0:%d", metricsPort`, `"127.0.0.1:%d", metricsPort`}},
	}
}

// ArgoCDManifest returns the path of the objects that Argo CD's own installation has, in Go's module cache.
func (b *Builder) ArgoCDManifest(ctx context.Context) (string, error) {
	directory, err := moduleDirectory(ctx, b.module(ArgoCD()), argoCDModule)
	return directory + "/manifests/install.yaml", err
}
