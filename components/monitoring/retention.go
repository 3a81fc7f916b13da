package monitoring

import (
	"fmt"
	"time"
)

// Estimate of the active series, from the metrics of Kubernetes 1.36 with the default relabeling: those of one API server, and
// of one node with its kubelet, node-exporter and about thirty pods.
const (
	seriesBase    = 25_000
	seriesPerNode = 5_000
	// bytesPerSample is the size of a sample in the compressed blocks (Prometheus's operating guide: 1 to 2 bytes).
	bytesPerSample = 2
)

// expectedSeries estimates the number of active series.
func (a *MonitoringArgs) expectedSeries() int { return seriesBase + seriesPerNode*len(a.Nodes) }

// retentionBytes estimates the size of the blocks of RetentionDays.
func (a *MonitoringArgs) retentionBytes() int64 {
	if a.ScrapeInterval <= 0 { // reported on its own
		return 0
	}
	samplesPerDay := int64(24 * time.Hour / a.ScrapeInterval)
	return int64(a.expectedSeries()) * samplesPerDay * bytesPerSample * int64(a.RetentionDays)
}

// retentionRules raise an alert when the estimate no longer holds.
func (a *MonitoringArgs) retentionRules() []Rule {
	return []Rule{Alert("SeriesAboveEstimate", Warning, "1h",
		fmt.Sprintf("prometheus_tsdb_head_series{job=%q} > %d", JobPrometheus, a.expectedSeries()),
		fmt.Sprintf("Prometheus has {{ $value }} series, more than the %d for which its disk holds %d days", a.expectedSeries(), a.RetentionDays))}
}
