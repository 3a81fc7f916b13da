// Package chart says where the Helm chart of a release comes from: a folder of archives, or the chart's repository. With
// archives an update needs no way to the repositories, and installs what was reviewed.
package chart

import (
	"fmt"
	"os"
	"path/filepath"

	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Chart is one version of a Helm chart.
type Chart struct {
	// Name is the chart's own, e.g. "argo-cd".
	Name string
	// Version is exact, e.g. "10.1.1".
	Version string
	// Repository is the URL below which the index.yaml of the chart is.
	Repository string
}

// File is the name of the chart's archive in a folder.
func (c Chart) File() string { return c.Name + "-" + c.Version + ".tgz" }

// Source sets chart, version and repository of a release. If the folder has an archive of the chart, the release is installed
// from it; the repository is then never asked. An empty folder is none.
//
// The folder is relative to the program's own, which is the provider's working directory as well: an absolute path would be a
// change on every other machine. It returns an error if the folder cannot be read.
func (c Chart) Source(folder string, release *helmv3.ReleaseArgs) error {
	release.Chart, release.Version = pulumi.String(c.Name), pulumi.String(c.Version)
	release.RepositoryOpts = &helmv3.RepositoryOptsArgs{Repo: pulumi.String(c.Repository)}
	if folder == "" {
		return nil
	}
	archive := filepath.Join(folder, c.File())
	switch _, err := os.Stat(archive); {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return fmt.Errorf("archive of chart %s: %w", c.Name, err)
	}
	release.Chart, release.RepositoryOpts = pulumi.String(archive), nil
	return nil
}
