package realserver

import (
	"fmt"
	"os"
	"path/filepath"
)

// InstallAWSCLI writes a program aws to the folder that runs the real one, cli, against the endpoint: older versions know no
// variable for it.
func InstallAWSCLI(folder, cli, endpoint string) error {
	script := fmt.Sprintf("#!/bin/sh\nexec %s --endpoint-url %s \"$@\"\n", cli, endpoint)
	if err := os.WriteFile(filepath.Join(folder, "aws"), []byte(script), 0o755); err != nil { //nolint:gosec // a program
		return fmt.Errorf("install the AWS CLI: %w", err)
	}
	return nil
}
