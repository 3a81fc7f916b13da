package monitoring

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/growbin/cluster/components/validation"
)

// clusterDashboard shows the nodes, the pods and the control plane of any cluster. To change it, edit it in Grafana, copy
// its JSON from the save dialog and replace the file.
//
//go:embed dashboards/cluster.json
var clusterDashboard string

// dashboards returns the dashboards of any cluster and those of the arguments, by file name.
func (a *MonitoringArgs) dashboards() map[string]string {
	all := map[string]string{"cluster.json": clusterDashboard}
	maps.Copy(all, a.Dashboards)
	return all
}

// dashboardHead holds the fields of an exported dashboard that provisioning depends on.
type dashboardHead struct {
	UID    string            `json:"uid"`
	Title  string            `json:"title"`
	Panels []json.RawMessage `json:"panels"`
	// Inputs are placeholders for data sources: Grafana fills them in on import only.
	Inputs []json.RawMessage `json:"__inputs"`
	// Spec is set in Grafana's resource format.
	Spec json.RawMessage `json:"spec"`
}

func (a *MonitoringArgs) validateDashboards(problems *validation.Problems) {
	if _, ok := a.Dashboards["cluster.json"]; ok {
		problems.Add("Dashboards", "cluster.json", "must be another file name: the component has a dashboard of this name")
	}
	uids := map[string]string{}
	all := a.dashboards()
	for _, file := range slices.Sorted(maps.Keys(all)) {
		field := fmt.Sprintf("Dashboards[%s]", file)
		if path.Ext(file) != ".json" || path.Base(file) != file {
			problems.Add("Dashboards", file, "must be a file name that ends in .json, e.g. queues.json")
		}
		var head dashboardHead
		if err := json.Unmarshal([]byte(all[file]), &head); err != nil {
			problems.Add(field, all[file], "must be a dashboard's JSON: %v", err)
			continue
		}
		switch {
		case len(head.Spec) > 0:
			problems.Add(field, file, "must be exported in the classic format: this is a resource with a spec")
			continue
		case len(head.Inputs) > 0:
			problems.Add(field, file, `must be exported without "share externally": __inputs are filled in on import only`)
		}
		if head.Title == "" {
			problems.NotSet(field+".title", "must be the dashboard's title")
		}
		if len(head.Panels) == 0 {
			problems.NotSet(field+".panels", "must have at least one panel")
		}
		switch other, taken := uids[head.UID]; {
		case head.UID == "":
			problems.NotSet(field+".uid", "must be a name of up to 40 characters, e.g. queues: links to the dashboard depend on it")
		case taken:
			problems.Add(field+".uid", head.UID, "must differ from that of %s", other)
		}
		uids[head.UID] = file
	}
}

// provisionedDashboards returns the dashboards as Grafana's provisioning accepts them, by file name.
func (a *MonitoringArgs) provisionedDashboards() (map[string]string, error) {
	files := a.dashboards()
	for file, exported := range files {
		text, err := provisioned(exported)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", file, err)
		}
		files[file] = text
	}
	return files, nil
}

// provisioned drops the fields of an export that belong to one Grafana's database: provisioning refuses a dashboard with
// an id. The result is compact, because all dashboards share one ConfigMap of at most 1 MiB.
func provisioned(exported string) (string, error) {
	var dashboard map[string]any
	decoder := json.NewDecoder(bytes.NewBufferString(exported))
	decoder.UseNumber()
	if err := decoder.Decode(&dashboard); err != nil {
		return "", err
	}
	delete(dashboard, "id")
	delete(dashboard, "version")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(dashboard)
	return out.String(), err
}
