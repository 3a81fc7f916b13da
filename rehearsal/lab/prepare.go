package lab

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/debian"
	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/tools"
)

// prepare makes or finds the parts that are kept between runs: programs and the base system.
func (l *Lab) prepare(ctx context.Context) error {
	if err := l.installPrograms(ctx); err != nil {
		return fmt.Errorf("installing the lab's own programs: %w", err)
	}
	builder, err := l.builder()
	if err != nil {
		return err
	}
	needed, err := builder.Node(l.settings.KubernetesVersion)
	if err != nil {
		return err
	}
	if l.programs, err = builder.Build(ctx, needed...); err != nil {
		return err
	}
	l.base, err = l.baseSystem(ctx)
	return err
}

func (l *Lab) builder() (*tools.Builder, error) {
	return tools.New(filepath.Join(l.options.Root, "rehearsal", "tools"), l.options.Out)
}

// debianPackages provide the programs that the lab runs on this machine.
var debianPackages = map[string]string{
	"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2", "losetup": "mount", "mkfs.ext4": "e2fsprogs",
	"nsenter": "util-linux", "dpkg-deb": "dpkg", "apt-ftparchive": "apt-utils",
}

// installPrograms installs the missing ones.
func (l *Lab) installPrograms(ctx context.Context) error {
	var missing []string
	for program, debianPackage := range debianPackages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, debianPackage)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	l.printf("installing %s", list)
	return l.script(ctx, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "+list)
}

// script runs a shell script with its output in the lab's log.
func (l *Lab) script(ctx context.Context, text string, environment ...string) error {
	if err := debian.Script(ctx, l.log, text, environment...); err != nil {
		return fmt.Errorf("%w: see %s", err, l.log.Name())
	}
	return nil
}

// layer returns the archive of a system for images.
func (l *Lab) layer(ctx context.Context, s debian.System) (*image.Layer, error) {
	if s.Missing(l.options.Cache) {
		l.printf("making the Debian system of image %s, once: some minutes", s.Name)
	}
	archive, err := s.Archive(ctx, l.options.Cache, l.log)
	if err != nil {
		return nil, fmt.Errorf("%w: see %s", err, l.log.Name())
	}
	return image.OpenLayer(archive)
}

// publish builds packages and images and serves them in the lab's network.
func (l *Lab) publish(ctx context.Context) error {
	if err := l.publishPackages(); err != nil {
		return err
	}
	images, err := l.images(ctx)
	if err != nil {
		return err
	}
	return l.serveEndpoints(awssim.Options{Boot: l.bootOthers()}, images)
}
