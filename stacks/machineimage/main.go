// Command machineimage prints the settings of a stack for scripts/build-image, one line NAME=value each. Run it in the root of the
// repository.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/growbin/cluster/stacks"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "machineimage:", err)
		os.Exit(1)
	}
}

func run(args []string, to io.Writer) error {
	if len(args) != 1 {
		return errors.New("stack: must be one argument, e.g. dev")
	}
	settings, err := stacks.ReadSettings(".", args[0], nil)
	if err != nil {
		return err
	}
	if _, err := settings.LockImages("."); err != nil {
		return err
	}
	userData, err := settings.MachineImageUserData()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to, "REGION=%s\nVERSION=%s\nPARENT=%s\nDISK_GIB=%d\nUSER_DATA=%s\n",
		settings.Region, settings.KubernetesVersion, stacks.ImageParameter, settings.MachineImageGiB(), userData)
	return err
}
