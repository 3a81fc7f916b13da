package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/stacks"
)

func newManifests(s *stackOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "manifests FOLDER",
		Short: "Writes the files of the applications for the Git repository that Argo CD reads",
		Long: "manifests writes one file for each application, with the image of the settings and nothing else, and the migrations of its\n" +
			"database. Argo CD runs those, then applies the image; all other fields stay with this program. It needs no AWS and no cluster. A file that exists is left as it is.",
		Example: "  growbin manifests ../deployments/clusters/prod -s prod",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := s.check(); err != nil {
				return err
			}
			settings, err := stacks.ReadSettings(s.dir, s.stack, nil)
			if err != nil {
				return err
			}
			files, err := settings.Manifests(command.Context())
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("FOLDER: %w", err)
			}
			for _, file := range files {
				path := filepath.Join(args[0], file.Name)
				created, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
				if os.IsExist(err) {
					fmt.Fprintf(command.OutOrStdout(), "%s exists, left as it is\n", path)
					continue
				}
				if err != nil {
					return fmt.Errorf("write a manifest: %w", err)
				}
				if _, err := created.Write(file.Text); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				if err := created.Close(); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				fmt.Fprintf(command.OutOrStdout(), "wrote %s\n", path)
			}
			return nil
		},
	}
}
