package stacks

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
)

// packagesTimeout limits the question for the packages: without an answer the preview goes on.
const packagesTimeout = 10 * time.Second

// packageVersions asks a repository.
func packageVersions(ctx context.Context, repository string) (map[string][]string, error) {
	return kubeadm.PackageVersions(ctx, http.DefaultClient, repository)
}

// checkPackages refuses a version of Kubernetes that has no packages: an instance would find out minutes after its start. Who has no
// way to the repository may have one for the nodes, so a missing answer is only said.
func checkPackages(ctx *pulumi.Context, s *Settings) error {
	if s.Packages == nil {
		return nil
	}
	repository := cmp.Or(s.sources().KubernetesAPT, kubeadm.KubernetesAPT(kubeadm.KubernetesMirror, kubeadm.Minor(s.KubernetesVersion)))
	asking, cancel := context.WithTimeout(ctx.Context(), packagesTimeout)
	defer cancel()
	versions, err := s.Packages(asking, repository)
	if err != nil {
		return ctx.Log.Info(fmt.Sprintf("whether Kubernetes %s has packages is not known: %v", s.KubernetesVersion, err), nil)
	}
	return s.refuse("has a version without packages", kubeadm.CheckPackages(versions, repository, s.KubernetesVersion))
}
