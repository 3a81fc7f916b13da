package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/release"
	"github.com/growbin/cluster/internal/tunnel"
	"github.com/growbin/cluster/stacks"
)

// releasePoll is the pause between two checks of a release.
const releasePoll = time.Second

// releaseOptions are the flags of growbin release.
type releaseOptions struct {
	*stackOptions
	// list shows the running tags, and releases nothing.
	list bool
	// timeout limits the migration, and then the wait for the new pods.
	timeout time.Duration
}

func newRelease(s *stackOptions) *cobra.Command {
	o := releaseOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "release APPLICATION TAG",
		Short: "Brings a new image of one application to the cluster, and rolls back if it fails",
		Long: "release changes the image of one application. Its database is migrated first; if the new pods are not ready in time, the\n" +
			"former image runs again. It needs the right to read one SSM parameter, and no passphrase. It opens the tunnel if none is open.",
		Example: "  growbin release waste-api 1.4.2 -s prod\n  growbin release --list -s prod",
		Args: func(command *cobra.Command, args []string) error {
			if o.list {
				return cobra.NoArgs(command, args)
			}
			return cobra.ExactArgs(2)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			r := releaser{options: o, settings: settings, aws: run, out: command.OutOrStdout()}
			if o.list {
				return r.list(command.Context())
			}
			return r.release(command.Context(), args[0], args[1])
		},
	}
	flags := command.Flags()
	flags.BoolVar(&o.list, "list", false, "show the tag of each application, and release nothing")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "`time` in which the new pods must be ready; the migration has the same")
	return command
}

func (o releaseOptions) check() error {
	problems := []error{o.stackOptions.check()}
	if o.timeout < time.Second {
		problems = append(problems, fmt.Errorf("--timeout: %s must be at least 1s", o.timeout))
	}
	return errors.Join(problems...)
}

// releaser releases applications of one stack.
type releaser struct {
	options  releaseOptions
	settings *stacks.Settings
	aws      awscli.Runner
	out      io.Writer
}

func (r releaser) release(ctx context.Context, application, tag string) error {
	row, image, err := r.settings.ReleaseImage(application, tag)
	if err != nil {
		return err
	}
	return r.connected(ctx, []string{application}, func(ctx context.Context, client kubernetes.Interface) error {
		began := time.Now()
		if err := release.Run(ctx, release.Options{
			Client: client, Namespace: stacks.ReleaseNamespace, Application: application, Image: image, Migration: row.Migration(),
			Timeout: r.options.timeout, Poll: releasePoll,
			Logf: func(format string, args ...any) { fmt.Fprintf(r.out, "── "+format+"\n", args...) },
		}); err != nil {
			return err
		}
		fmt.Fprintf(r.out, "%s runs %s, after %s\n", application, tag, time.Since(began).Round(time.Second))
		return nil
	})
}

// list needs the right to release any one application.
func (r releaser) list(ctx context.Context) error {
	return r.connected(ctx, stacks.ApplicationNames(), func(ctx context.Context, client kubernetes.Interface) error {
		running, err := release.List(ctx, client, stacks.ReleaseNamespace, stacks.ApplicationNames())
		if err != nil {
			return err
		}
		return release.Print(r.out, running)
	})
}

// connected calls do with the first readable kubeconfig of the applications, through the tunnel where the stack needs it.
func (r releaser) connected(ctx context.Context, applications []string, do func(context.Context, kubernetes.Interface) error) error {
	kubeconfig, err := r.kubeconfig(ctx, applications)
	if err != nil {
		return err
	}
	client, err := newClient(kubeconfig)
	if err != nil {
		return err
	}
	return reach(ctx, r.settings, func(ctx context.Context) error { return do(ctx, client) })
}

// reach calls do while the API server can be reached, through the tunnel where the stack needs it.
func reach(ctx context.Context, s *stacks.Settings, do func(context.Context) error) error {
	if s.APIAccess != stacks.AccessSessionManager {
		return do(ctx)
	}
	return tunnel.Through(ctx, stacks.TunnelOptions(s), do)
}

// kubeconfig reads the kubeconfig of the first application that the caller may read.
func (r releaser) kubeconfig(ctx context.Context, applications []string) ([]byte, error) {
	var problems []error
	for _, application := range applications {
		text, err := secretParameter(ctx, r.aws, stacks.ReleaseParameter(r.options.stack, application))
		if err == nil {
			return []byte(text), nil
		}
		problems = append(problems, err)
	}
	return nil, fmt.Errorf("read the kubeconfig for releases: %w", errors.Join(problems...))
}
