package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/metricsserver"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/workload"
)

// cpuTarget is the CPU time that autoscaled pods are meant to use, in percent of their requests, which are those of the expected load.
const cpuTarget = 80

// bounds are the least and the largest number of pods between which an autoscaler chooses.
type bounds struct{ min, max int }

// readAutoscale decodes the setting autoscale, by application.
func readAutoscale(r *settingsReader) map[string]bounds {
	found := map[string]bounds{}
	entries := r.pairs("autoscale")
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		least, most, ok := strings.Cut(entries[name], "-")
		low, lowErr := strconv.Atoi(least)
		high, highErr := strconv.Atoi(most)
		i := slices.IndexFunc(catalog, func(a Application) bool { return a.Name == name })
		switch {
		case i < 0 || catalog[i].Kind == kindBeat:
			r.invalid("autoscale", name, "must name an application of which several pods can run")
		case !ok || lowErr != nil || highErr != nil || low < 1 || high < low:
			r.invalid("autoscale", name+"="+entries[name], "must have the form name=MIN-MAX, e.g. %s=%d-%d", name, catalog[i].Replicas, catalog[i].Replicas+1)
		default:
			found[name] = bounds{low, high}
		}
	}
	return found
}

// bounded returns the rows with the bounds of the setting autoscale. Pods begin with the number of the row, inside of the bounds.
func (s *Settings) bounded(rows []Application) []Application {
	for i, a := range rows {
		if b, ok := s.Autoscale[a.Name]; ok {
			a.Min, a.Max = b.min, b.max
		}
		if a.Max > 0 {
			a.Replicas = min(max(a.Replicas, a.Min), a.Max)
		}
		rows[i] = a
	}
	return rows
}

// mostPods is the largest number of pods outside of an update.
func (a Application) mostPods() int { return max(a.Replicas, a.Max) }

// autoscale returns the arguments of the autoscaler; nil for a fixed number of pods.
func (a Application) autoscale() *workload.Autoscale {
	if a.Max == 0 {
		return nil
	}
	return &workload.Autoscale{Min: a.Min, Max: a.Max, CPUPercent: cpuTarget}
}

// autoscales reports whether an autoscaler owns the number of pods of an application.
func (s *Settings) autoscales() bool {
	return slices.ContainsFunc(s.Applications(), func(a Application) bool { return a.Max > 0 })
}

// deployMetricsServer deploys the source of the autoscalers' metrics where there is one. Nothing else needs it, and while the server of
// a registered API is down, no namespace can be deleted. It runs on the one node that reaches all kubelets.
func deployMetricsServer(ctx *pulumi.Context, s *Settings, p *platform, namespace pulumi.StringInput) error {
	if !s.autoscales() {
		return nil
	}
	place, _, _, err := p.placeOn(s, nodeMonitoring)
	if err != nil {
		return err
	}
	if _, err := metricsserver.NewMetricsServer(ctx, metricsserver.Name, &metricsserver.MetricsServerArgs{
		Namespace: namespace, Placement: place, Image: s.pinned(pins.MetricsServer),
	}, p.inCluster, p.Ready(nodeMonitoring)); err != nil {
		return fmt.Errorf("metrics of the autoscalers: %w", err)
	}
	return nil
}
