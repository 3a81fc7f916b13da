package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/tunnel"
	"github.com/growbin/cluster/stacks"
)

// tunnelOptions are the flags of growbin tunnel.
type tunnelOptions struct {
	*stackOptions
	// ready waits for the tunnel of another process instead of opening one.
	ready bool
	// port and region override the stack's settings; 0 and empty leave them.
	port   int
	region string
	// timeout limits the wait for a ready tunnel.
	timeout time.Duration
}

func newTunnel(s *stackOptions) *cobra.Command {
	o := tunnelOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "tunnel",
		Short: "Forwards a local port to the API server, through Session Manager",
		Long: "tunnel forwards a local port to the API server of a stack through Session Manager, until it is interrupted. It may be\n" +
			"started before the cluster exists, and reopens when the session drops or the control plane was replaced. It needs the\n" +
			"AWS CLI and its Session Manager plugin. pulumi up and preview open one by themselves; destroy, refresh and kubectl use this.",
		Example: "  growbin tunnel -s dev            runs until it is interrupted\n  growbin tunnel -s dev --ready    waits until the tunnel of another process is ready",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := o.tunnel()
			if err != nil {
				return err
			}
			options.Logf = func(format string, args ...any) {
				fmt.Fprintf(command.ErrOrStderr(), time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
			}
			if o.ready {
				return tunnel.Ready(command.Context(), options)
			}
			return tunnel.Run(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.BoolVar(&o.ready, "ready", false, "wait until the tunnel of another process is ready; returns at once if there is no cluster yet")
	flags.IntVarP(&o.port, "port", "p", 0, "local `port`, if not the setting apiTunnelPort")
	flags.StringVar(&o.region, "region", "", "AWS `region`, if not the setting region")
	flags.DurationVar(&o.timeout, "timeout", tunnel.DefaultReadyTimeout, "`time` in which the tunnel must be ready, with --ready")
	return command
}

// tunnel returns the options of the tunnel: the stack's settings, overridden by the flags.
func (o tunnelOptions) tunnel() (tunnel.Options, error) {
	if err := o.check(); err != nil {
		return tunnel.Options{}, err
	}
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return tunnel.Options{}, err
	}
	options := stacks.TunnelOptions(settings)
	options.ReadyTimeout = o.timeout
	if o.port != 0 {
		options.Port = o.port
	}
	if o.region != "" {
		options.Region = o.region
	}
	if options.Port < 1 || options.Port > 65535 {
		return tunnel.Options{}, fmt.Errorf("--port: %d must be a port from 1 to 65535", options.Port)
	}
	return options, nil
}
