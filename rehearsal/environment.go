package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/provider"
	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/tools"
)

// Patience bounds the wait for one object. Containers are simulated and start at once, so one that is not ready by then
// never will be.
const Patience = 90 * time.Second

// tools builds the programs that the rehearsal runs, or finds them in the cache, and reads the settings.
func (r *Rehearsal) tools(ctx context.Context) error {
	var err error
	if r.apiPort, err = process.FreePort(); err != nil {
		return err
	}
	_, encrypted, err := stackfile.Values(r.folder(), r.Options.Stack)
	if err != nil {
		return err
	}
	config, secrets := r.Options.Program.overrides(r.apiPort, r.Options.Drill, encrypted)
	r.secrets = secrets
	if err := r.Redesign(func(own map[string]string) { maps.Copy(own, config) }); err != nil {
		return err
	}
	r.report.KubernetesVersion = "v" + r.Design.KubernetesVersion
	if r.Builder, err = tools.New(filepath.Join(r.Options.Root, "rehearsal", "tools"), r.Console.Writer); err != nil {
		return err
	}
	if _, err := r.Builder.BuildControlPlane(ctx, r.Design.KubernetesVersion); err != nil {
		return err
	}
	built, err := r.Builder.Build(ctx, tools.Pulumi())
	if err != nil {
		return err
	}
	r.pulumi = built[tools.Pulumi().Name]
	r.plugins, err = findPlugins(ctx, r.Options.Root, r.Builder, r.pulumi, r.Console.Logf)
	return err
}

// folder is that of the program's Pulumi.yaml.
func (r *Rehearsal) folder() string {
	return filepath.Join(r.Options.Root, filepath.FromSlash(r.Options.Program.Folder))
}

// open starts the simulated AWS, the boot of its instances, and the engine that will deploy to it.
func (r *Rehearsal) open(ctx context.Context, cancel context.CancelCauseFunc) error {
	if err := r.openWorld(cancel); err != nil {
		return err
	}
	aws, err := provider.Serve(context.WithoutCancel(ctx), r.Cloud)
	if err != nil {
		return fmt.Errorf("serve the simulated AWS: %w", err)
	}
	r.Defer(aws.Close)
	providers, plugins := map[string]int{"aws": aws.Port}, map[string]string{}
	if err := r.openProviders(context.WithoutCancel(ctx), providers, plugins); err != nil {
		return err
	}
	r.Engine, err = engine.Open(ctx, engine.Options{
		Project: r.folder(), Stack: r.Options.Stack, Pulumi: r.pulumi, State: r.state, Program: r.Options.Program.Run,
		Providers: providers, Plugins: plugins, Config: r.config, Secrets: r.secrets, Out: r.Console.Writer, Color: r.Console.engineColor(),
	})
	return err
}

func (r *Rehearsal) openWorld(cancel context.CancelCauseFunc) error {
	log, err := r.logFile("machines.log")
	if err != nil {
		return fmt.Errorf("open the log of the machines: %w", err)
	}
	r.Defer(func() { log.Close() })
	r.World = boot.New(boot.Options{
		Programs: func(ctx context.Context, version string) (map[string]string, error) {
			return r.Builder.BuildControlPlane(ctx, version)
		},
		Kubectl:  r.Builder.Kubectl,
		StateDir: filepath.Join(r.state, "world"), APIPort: r.apiPort,
		Log: func(machine, message string) {
			fmt.Fprintf(log, "%s %s: %s\n", time.Now().Format(time.RFC3339), machine, message)
			r.Console.machine(machine, message)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.status[machine] = message
		},
	})
	r.Cloud = awssim.New(awssim.Options{Region: r.Design.Region, HostedZones: r.Options.Program.HostedZones, Boot: r.boot, Notice: r.notice, Stop: r.stop, Start: r.start, Command: r.command, Terminate: r.terminate, CopyDisk: r.copyDisk})
	r.Defer(r.Cloud.Close)
	r.Defer(r.World.Close)
	go func() {
		if err, ok := <-r.World.Failed(); ok {
			cancel(fmt.Errorf("the control plane failed: %w", err))
		}
	}()
	return nil
}

func (r *Rehearsal) boot(ctx context.Context, m *awssim.Machine) {
	r.Machines.launched(m.Name)
	// Boot reports its errors as an instance does: in its status parameter and its log.
	_ = r.World.Boot(ctx, boot.Simulated(r.Cloud, m))
}

func (r *Rehearsal) copyDisk(from, to string) {
	if r.OnCopyDisk != nil {
		r.OnCopyDisk(from, to)
	}
}

// notice is the effect of EC2's announcement that it takes a spot instance.
func (r *Rehearsal) notice(ctx context.Context, m *awssim.Machine) {
	if err := r.World.Notice(ctx, boot.Simulated(r.Cloud, m)); err != nil {
		r.Console.machine(m.Name, err.Error())
	}
}

// stop and start are the effects of EC2's StopInstances and StartInstances.
func (r *Rehearsal) stop(m *awssim.Machine) {
	if err := r.World.Stop(context.Background(), m.ID); err != nil {
		r.Console.machine(m.Name, err.Error())
	}
}

func (r *Rehearsal) start(ctx context.Context, m *awssim.Machine) {
	_ = r.World.Start(ctx, boot.Simulated(r.Cloud, m)) // it reports its errors in the log of the machines
}

// command is the effect of a command that Systems Manager was asked to run.
func (r *Rehearsal) command(ctx context.Context, m *awssim.Machine, command string) (string, error) {
	return r.World.Command(ctx, boot.Simulated(r.Cloud, m), command)
}

// terminate switches an instance off.
func (r *Rehearsal) terminate(m *awssim.Machine) {
	r.Machines.terminated(m.Name)
	if err := r.World.Terminate(context.Background(), m.ID); err != nil {
		r.Console.machine(m.Name, err.Error())
	}
}
