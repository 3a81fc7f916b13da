package lab

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/stacks"
)

func TestApplicationFiles_ModuleOfEachRow(t *testing.T) {
	files, err := applicationFiles(filepath.Join("..", "..", "examples", "growbin-app"))
	require.NoError(t, err)
	found := map[string]rootfs.File{}
	for _, file := range files {
		found[file.Path] = file
	}
	for _, a := range stacks.Applications() {
		directory := "workers"
		if a.Route != "" {
			directory = "apis"
		}
		path := pythonPath + "/" + directory + "/" + strings.ReplaceAll(a.Name, "-", "_") + ".py"
		require.Contains(t, found, path)
		if a.Route != "" {
			assert.Contains(t, found[path].Content, `"`+a.Route, "the path of the route arrives unchanged")
		}
	}
}

func TestMonitoringTools_HavePins(t *testing.T) {
	for _, tool := range tools.Monitoring() {
		assert.NotEmpty(t, pinOf[tool.Name], tool.Name)
	}
}
