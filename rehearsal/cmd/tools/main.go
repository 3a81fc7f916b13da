// Command tools builds, once per machine, every program that rehearsals and tests run, and prints where each one is as
// NAME=path. As root on Debian it makes the systems of images too. Progress goes to standard error. Another minor version of Kubernetes than the tests' can be named: tools 1.35.
package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/debian"
	"github.com/growbin/cluster/rehearsal/tools"
)

// testsVersion is the Kubernetes minor whose tools the tests use.
const testsVersion = "1.36"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	version := testsVersion
	if len(os.Args) > 1 {
		version = os.Args[1]
	}
	if err := run(ctx, version); err != nil {
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version string) error {
	// go run -C rehearsal makes the module's folder the working directory.
	builder, err := tools.New("tools", os.Stderr)
	if err != nil {
		return err
	}
	list, err := builder.ControlPlane(version)
	if err != nil {
		return err
	}
	paths, err := builder.Build(ctx, append(list, tools.Pulumi(), tools.PulumiKubernetes(), tools.Containerd())...)
	if err != nil {
		return err
	}
	if err := addSystems(ctx, paths); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		fmt.Printf("%s=%s\n", strings.ToUpper(strings.ReplaceAll(name, "-", "_")), paths[name])
	}
	return nil
}

// addSystems makes the Debian systems of the images whose software tests run, where that is possible.
func addSystems(ctx context.Context, paths tools.Binaries) error {
	if _, err := exec.LookPath("debootstrap"); err != nil || os.Geteuid() != 0 {
		return nil
	}
	cache, err := debian.Cache()
	if err != nil {
		return err
	}
	for name, system := range map[string]debian.System{"broker-system": debian.Broker, "python-system": debian.Python} {
		if system.Missing(cache) {
			fmt.Fprintf(os.Stderr, "making the Debian system of image %s, once: some minutes\n", system.Name)
		}
		var output bytes.Buffer
		if paths[name], err = system.Directory(ctx, cache, &output); err != nil {
			return fmt.Errorf("%w:\n%s", err, output.String())
		}
	}
	return nil
}
