package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/nodecommand"
)

func newAudit(o *stackOptions) *cobra.Command {
	var lines int
	var find string
	command := &cobra.Command{
		Use:     "audit",
		Short:   "Prints the latest events of the API server's audit log",
		Long:    "audit prints who changed which object, who read a Secret and who was refused: the latest events that contain a word.",
		Example: "  growbin audit -s prod\n  growbin audit -s prod --find secrets\n  growbin audit -s prod --find growbin-prod-admin --lines 20",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			text, err := runOnControlPlane(command.Context(), run, settings, "read the audit log", nodecommand.Audit(lines, find))
			if err != nil {
				return err
			}
			_, err = io.WriteString(command.OutOrStdout(), text)
			return err
		},
	}
	command.Flags().IntVarP(&lines, "lines", "n", 100, "print at most this `number` of events")
	command.Flags().StringVarP(&find, "find", "f", "", "print events with this `word` alone, e.g. a user, a verb, a resource")
	return command
}
