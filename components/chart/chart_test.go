package chart

import (
	"os"
	"path/filepath"
	"testing"

	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var web = Chart{Name: "web", Version: "1.2.3", Repository: "https://charts.example.com"}

func source(t *testing.T, folder string) helmv3.ReleaseArgs {
	t.Helper()
	var release helmv3.ReleaseArgs
	require.NoError(t, web.Source(folder, &release))
	assert.Equal(t, pulumi.String("1.2.3"), release.Version)
	return release
}

func TestSource_Repository(t *testing.T) {
	for _, folder := range []string{"", t.TempDir(), "no such folder"} {
		release := source(t, folder)
		assert.Equal(t, pulumi.String("web"), release.Chart)
		assert.Equal(t, &helmv3.RepositoryOptsArgs{Repo: pulumi.String("https://charts.example.com")}, release.RepositoryOpts)
	}
}

func TestSource_Archive(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "web-1.2.4.tgz"), nil, 0o600))
	assert.Equal(t, pulumi.String("web"), source(t, folder).Chart, "another version")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "web-1.2.3.tgz"), nil, 0o600))
	release := source(t, folder)
	assert.Equal(t, pulumi.String(filepath.Join(folder, "web-1.2.3.tgz")), release.Chart)
	assert.Nil(t, release.RepositoryOpts, "with a repository the provider would take the path for a chart's name")
}

func TestSource_UnreadableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.ErrorContains(t, web.Source(file, &helmv3.ReleaseArgs{}), "archive of chart web")
}
