package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/components/chart"
	"github.com/growbin/cluster/stacks"
)

func newCharts(s *stackOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "charts",
		Short: "Fetches the Helm charts into the folder charts, with their digests",
		Long: "charts fetches the archive of each Helm chart into the folder charts, and checks it against the digest in its repository and\n" +
			"in charts/charts.sum. With the archives, an update does not ask the repositories. An archive that is there already is kept,\n" +
			"so that a machine without internet gets it by hand. Commit the folder.",
		Example: "  growbin charts",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runCharts(command.Context(), s.dir, stacks.Charts(), command.OutOrStdout())
		},
	}
}

func runCharts(ctx context.Context, dir string, charts []chart.Chart, out io.Writer) error {
	return chart.Fetch(ctx, filepath.Join(dir, stacks.ChartFolder), charts, func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...)
	})
}
