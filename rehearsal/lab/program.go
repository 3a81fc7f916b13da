package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
	"github.com/growbin/cluster/stacks"
)

func (l *Lab) controlPlaneName() string { return stacks.ControlPlane(l.settings.Nodes).Name }

// bootOthers returns the boot of the instances that have no host here: they report Ready at once, as in unit tests. Their join
// requests hold no certificate request, so the real control plane refuses them, and the fake one answers.
func (l *Lab) bootOthers() func(context.Context, *awssim.Machine) {
	report := func(instance string, err error) { l.logf("%s (fake boot): %v", instance, err) }
	fake := fakeboot.New(report)
	return func(ctx context.Context, instance *awssim.Machine) {
		switch instance.Name {
		case l.controlPlaneName():
			if err := fakeboot.Answer(ctx, instance); err != nil {
				report(instance.Name, err)
			}
		case l.options.Worker:
		default:
			fake(ctx, instance)
		}
	}
}

// startProgram runs the Pulumi program against the simulated AWS in the background and waits until it has launched its
// instances. It then waits for them as in `pulumi up`.
func (l *Lab) startProgram(ctx context.Context) error {
	go l.serveTunnel(ctx)
	go func() {
		defer close(l.program)
		l.programErr = pulumi.RunErr(stacks.DeployFrom(l.sources()), pulumi.WithMocks("growbin", l.stack(), mocks.New(l.cloud)), func(info *pulumi.RunInfo) {
			info.Config, info.ConfigSecretKeys = l.config, l.secrets
		})
	}()
	return poll(ctx, time.Minute, func(context.Context) error {
		select {
		case <-l.program:
			return permanentError{fmt.Errorf("the program ended before its instances were running: %w", l.programErr)}
		default:
		}
		if running := len(l.cloud.Machines()); running < len(l.settings.Nodes) {
			return fmt.Errorf("%d of %d instances are running", running, len(l.settings.Nodes))
		}
		return nil
	})
}

// awaitProgram waits until the program has ended.
func (l *Lab) awaitProgram(ctx context.Context) error {
	select {
	case <-l.program:
		return l.programErr
	case <-time.After(time.Minute):
		return errors.New("the program still waits for its instances")
	case <-ctx.Done():
		return ctx.Err()
	}
}
