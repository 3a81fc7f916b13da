package monitoring

// The types below are Grafana's provisioning files (grafana.com/docs/grafana/latest/administration/provisioning).

type datasourceFile struct {
	APIVersion  int          `json:"apiVersion"`
	Datasources []datasource `json:"datasources"`
}

type datasource struct {
	Name      string         `json:"name"`
	UID       string         `json:"uid"`
	Type      string         `json:"type"`
	Access    string         `json:"access"`
	URL       string         `json:"url"`
	IsDefault bool           `json:"isDefault"`
	Editable  bool           `json:"editable"`
	JSONData  map[string]any `json:"jsonData,omitempty"`
}

type dashboardProviderFile struct {
	APIVersion int                 `json:"apiVersion"`
	Providers  []dashboardProvider `json:"providers"`
}

type dashboardProvider struct {
	Name            string            `json:"name"`
	Type            string            `json:"type"`
	Folder          string            `json:"folder"`
	DisableDeletion bool              `json:"disableDeletion"`
	AllowUIUpdates  bool              `json:"allowUiUpdates"`
	Options         map[string]string `json:"options"`
}

// Files as the Grafana container sees them.
const (
	provisioningDir = "/etc/grafana/provisioning"
	dashboardsDir   = "/etc/grafana/dashboards"
)

// DatasourceUID is the uid of the Prometheus data source that every panel must use.
const DatasourceUID = "prometheus"

func renderDatasources(a *MonitoringArgs) (string, error) {
	return marshal("datasources.yml", datasourceFile{APIVersion: 1, Datasources: []datasource{{
		Name: "Prometheus", UID: DatasourceUID, Type: "prometheus", Access: "proxy", IsDefault: true,
		URL: "http://" + address(PrometheusService, PrometheusPort),
		// Grafana derives $__rate_interval from it.
		JSONData: map[string]any{"timeInterval": promDuration(a.ScrapeInterval), "httpMethod": "POST"},
	}}})
}

func renderDashboardProviders(a *MonitoringArgs) (string, error) {
	return marshal("dashboards.yml", dashboardProviderFile{APIVersion: 1, Providers: []dashboardProvider{{
		Name: "files", Type: "file", Folder: a.Cluster, DisableDeletion: true,
		// Grafana's database is lost with its pod. A changed dashboard must be saved to its file: Grafana's save dialog
		// shows the JSON.
		AllowUIUpdates: false,
		Options:        map[string]string{"path": dashboardsDir},
	}}})
}
