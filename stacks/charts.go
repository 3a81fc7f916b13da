package stacks

import (
	"fmt"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/chart"
)

// ChartFolder is the folder of chart archives in the folder of Pulumi.yaml; growbin charts fills it.
const ChartFolder = "charts"

// chartFolder is the same as seen from the program's folder, infra.
const chartFolder = projectFolder + "/" + ChartFolder

// Charts returns the Helm charts of every stack.
func Charts() []chart.Chart { return []chart.Chart{calico.Chart(""), argocd.Chart("")} }

// checkCharts refuses archives that are not those that were reviewed.
func checkCharts(folder string) error {
	if err := chart.Check(folder, Charts()); err != nil {
		return fmt.Errorf("charts: %w", err)
	}
	return nil
}
