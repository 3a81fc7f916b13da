package monitoring

// dashboardsFor lists the dashboards that a makes sense of.
func dashboardsFor(a *MonitoringArgs) []dashboard {
	return []dashboard{
		clusterDashboard(),
		loadDashboard(),
		apiDashboard(),
		queuesDashboard(a),
		celeryDashboard(),
		postgresqlDashboard(),
		redisDashboard(),
	}
}

// one is the common panel with a single query.
func one(title string, k kind, u unit, expr, legend string) panel {
	return panel{Title: title, Kind: k, Unit: u, Queries: []query{{expr, legend}}}
}

// colour returns the panel with values from which a number is shown in yellow and in red.
func (p panel) colour(warn, bad float64) panel {
	p.Warn, p.Bad = warn, bad
	return p
}
