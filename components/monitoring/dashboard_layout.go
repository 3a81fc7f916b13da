package monitoring

import (
	"encoding/json"
	"fmt"
)

// schemaVersion of the JSON written here; Grafana migrates older versions when it reads them.
const schemaVersion = 41

func prometheusRef() *datasourceRef { return &datasourceRef{Type: "prometheus", UID: datasourceUID} }

func (d dashboard) render() (string, error) {
	out, err := json.MarshalIndent(d.layout(), "", " ")
	if err != nil {
		return "", fmt.Errorf("writing dashboard %s: %w", d.UID, err)
	}
	return string(out), nil
}

// layout numbers the panels and puts them on the grid.
func (d dashboard) layout() dashboardJSON {
	out := dashboardJSON{
		UID: d.UID, Title: d.Title, Tags: []string{"generated"}, SchemaVersion: schemaVersion,
		Refresh: "1m", Time: timeRange{From: "now-6h", To: "now"},
		Templating: templatingJSON{List: []variableJSON{}},
	}
	for _, v := range d.Variables {
		out.Templating.List = append(out.Templating.List, v.json())
	}
	y := 0
	for _, r := range d.Rows {
		heading := panelJSON{ID: len(out.Panels) + 1, Type: "row", Title: r.Title, GridPos: gridPos{H: 1, W: gridWidth, Y: y}, Collapsed: ptr(false)}
		out.Panels = append(out.Panels, heading)
		y++
		width := gridWidth / max(len(r.Panels), 1)
		for i, p := range r.Panels {
			out.Panels = append(out.Panels, p.json(len(out.Panels)+1, gridPos{H: panelHeight, W: width, X: i * width, Y: y}))
		}
		y += panelHeight
	}
	return out
}

func (v variable) json() variableJSON {
	return variableJSON{
		Name: v.Name, Type: "query", Datasource: prometheusRef(),
		Query: variableQuery{Query: fmt.Sprintf("label_values(%s, %s)", v.Series, v.Label), RefID: v.Name},
		// Refreshed when the time range changes, sorted by name.
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*",
		Current: map[string]any{"text": "All", "value": "$__all"},
	}
}

func (p panel) json(id int, at gridPos) panelJSON {
	out := panelJSON{ID: id, Type: string(p.Kind), Title: p.Title, GridPos: at, Datasource: prometheusRef()}
	for i, q := range p.Queries {
		out.Targets = append(out.Targets, targetJSON{
			RefID: string(rune('A' + i)), Datasource: prometheusRef(), Expr: q.Expr, LegendFormat: q.Legend,
			Instant: p.Kind != overTime, Range: p.Kind == overTime,
		})
	}
	defaults := fieldDefaults{Unit: string(p.Unit)}
	if p.Unit == unitShare {
		defaults.Min, defaults.Max = ptr(0.0), ptr(1.0)
	}
	switch p.Kind {
	case overTime:
		defaults.Color = map[string]any{"mode": "palette-classic"}
		out.Options = map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		}
	case number, bars:
		defaults.Color = map[string]any{"mode": "thresholds"}
		defaults.Thresholds = p.thresholds()
		out.Options = map[string]any{
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"orientation":   "auto",
		}
	}
	out.FieldConfig = &fieldConfig{Defaults: defaults, Overrides: []any{}}
	return out
}

func (p panel) thresholds() *thresholdsJSON {
	steps := []thresholdStep{{Color: "green"}}
	if p.Warn != 0 {
		steps = append(steps, thresholdStep{Color: "yellow", Value: ptr(p.Warn)})
	}
	if p.Bad != 0 {
		steps = append(steps, thresholdStep{Color: "red", Value: ptr(p.Bad)})
	}
	return &thresholdsJSON{Mode: "absolute", Steps: steps}
}
