package stacks

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

// dashboardFiles are Growbin's dashboards. To change one, edit it in Grafana, copy the JSON from the save dialog (classic
// format) and replace the file.
//
//go:embed dashboards/*.json
var dashboardFiles embed.FS

// dashboards returns Growbin's dashboards by file name.
func dashboards() (map[string]string, error) {
	names, err := fs.Glob(dashboardFiles, "dashboards/*.json")
	if err != nil {
		return nil, fmt.Errorf("list dashboards: %w", err)
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := dashboardFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read dashboard: %w", err)
		}
		files[path.Base(name)] = string(text)
	}
	return files, nil
}
