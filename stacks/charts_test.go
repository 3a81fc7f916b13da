package stacks

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/chart"
	"github.com/growbin/cluster/internal/testing/awssim"
)

const kindRelease = "kubernetes:helm.sh/v3:Release"

// inProject changes to the program's folder of a copy of the project that has an archive of every chart, and returns the folder
// of charts.
func inProject(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	files, err := filepath.Glob("../Pulumi*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(root, filepath.Base(file)), text, 0o600))
	}
	folder := filepath.Join(root, ChartFolder)
	for _, dir := range []string{folder, filepath.Join(root, "infra")} {
		require.NoError(t, os.Mkdir(dir, 0o755))
	}
	for _, c := range Charts() {
		writeChart(t, filepath.Join(folder, c.File()), c.Name)
	}
	require.NoError(t, chart.Fetch(t.Context(), folder, Charts(), t.Logf))
	t.Chdir(filepath.Join(root, "infra"))
	return folder
}

// writeChart writes an archive with the values of Calico's and Argo CD's images.
func writeChart(t *testing.T, path, name string) {
	t.Helper()
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	files := tar.NewWriter(zip)
	for file, text := range map[string]string{
		"Chart.yaml": "appVersion: v3.4.4\n",
		"values.yaml": "tigeraOperator: {registry: quay.io, image: tigera/operator, version: v1.42.9}\n" +
			"global: {image: {repository: quay.io/argoproj/argocd, tag: ''}}\nredis: {image: {repository: registry.example.com/redis, tag: 8.2.3-alpine}}\n",
	} {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name + "/" + file, Mode: 0o600, Size: int64(len(text))}))
		_, err := files.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(files.Close(), zip.Close(), os.WriteFile(path, archive.Bytes(), 0o600)))
}

// With archives an update works without a way to the charts' repositories.
func TestCharts_Archives(t *testing.T) {
	inProject(t)
	w := deploy(t, "dev", nil)
	releases := map[any]bool{}
	for _, release := range w.mocks.OfType(kindRelease) {
		releases[release.Value("chart")] = true
		assert.Nil(t, release.Value("repositoryOpts"), "%s", release.Name)
	}
	want := map[any]bool{}
	for _, c := range Charts() {
		want["../charts/"+c.File()] = true
	}
	assert.Equal(t, want, releases)
}

func TestCharts_ChangedArchive(t *testing.T) {
	folder := inProject(t)
	changed := Charts()[0].File()
	require.NoError(t, os.WriteFile(filepath.Join(folder, changed), []byte("of an attacker"), 0o600))
	w, err := tryDeploy(t, "dev", nil, awssim.Options{})
	require.ErrorContains(t, err, "charts: "+changed+": SHA-256 ")
	assert.Empty(t, w.mocks.All(), "nothing is registered")
}
