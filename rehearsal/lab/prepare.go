package lab

import (
	"context"
	"maps"
	"path/filepath"

	"github.com/growbin/cluster/rehearsal/tools"
)

// build makes or finds everything that is kept: programs and the base system.
func (l *Lab) build(ctx context.Context) error {
	builder, err := tools.New(filepath.Join(l.options.Root, "rehearsal", "tools"), l.options.Out)
	if err != nil {
		return err
	}
	tools, err := builder.Node(l.settings.KubernetesVersion)
	if err != nil {
		return err
	}
	l.programs = tools.Binaries{}
	built, err := builder.Build(ctx, tools...)
	if err != nil {
		return err
	}
	maps.Copy(l.programs, built)
	l.baseFolder, err = l.base(ctx)
	return err
}

// publish makes packages and images, and opens the network that they are served in.
func (l *Lab) publish(ctx context.Context) error {
	if err := l.publishPackages(l.baseFolder); err != nil {
		return err
	}
	images, err := l.images(ctx, l.baseFolder)
	if err != nil {
		return err
	}
	return l.openNetwork(images)
}
