// Command machineimage prints what scripts/build-image needs to know of a stack, a line NAME=value each. It is run in the
// repository's root.
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
		return errors.New("name one stack, such as dev")
	}
	settings, err := stacks.ReadSettings(".", args[0], nil)
	if err != nil {
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
