package main

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/components/kubeadm"
)

// auditScript prints the audit log's events as lines. It runs on the control plane: the log stays there, and an answer of
// Systems Manager is short.
//
//go:embed audit.py
var auditScript string

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
			text, err := runOnControlPlane(command.Context(), run, settings, "read the audit log", auditCommand(lines, find))
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

// auditCommand is the shell command for the control plane. Nothing in the word is read by the shell.
func auditCommand(lines int, find string) string {
	return fmt.Sprintf("python3 -IS - %s %s %s <<'SCRIPT'\n%sSCRIPT\n", kubeadm.AuditLog, strconv.Itoa(lines), shellQuote(find), auditScript)
}
