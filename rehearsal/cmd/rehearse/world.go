package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8sprovider"
	"github.com/growbin/cluster/rehearsal/randomprovider"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

// patience is how long an object is waited for before the rehearsal is given up. Containers are simulated and start at
// once, so one that is not there after this time never will be.
const patience = 90 * time.Second

// bootMinutes is how long the program waits for one machine to join.
const bootMinutes = "3"

// tools builds what the rehearsal runs, or finds it in the cache.
func (r *rehearsal) tools(ctx context.Context) error {
	var err error
	if r.apiPort, err = freePort(); err != nil {
		return err
	}
	if r.encrypted, err = engine.EncryptedSettings(r.options.root, r.options.stack); err != nil {
		return err
	}
	config, secrets := r.ownConfig()
	maps.Copy(config, secrets)
	if r.settings, err = loadSettings(r.options.root, r.options.stack, config); err != nil {
		return err
	}
	r.report.KubernetesVersion = "v" + r.settings.KubernetesVersion
	if r.builder, err = tools.New(filepath.Join(r.options.root, "rehearsal", "tools"), r.out.writer); err != nil {
		return err
	}
	if _, err := r.programs(ctx, r.settings.KubernetesVersion); err != nil {
		return err
	}
	built, err := r.builder.Build(ctx, tools.Pulumi())
	if err != nil {
		return err
	}
	r.pulumi = built[tools.Pulumi().Name]
	return nil
}

// programs are those of a control plane of one version.
func (r *rehearsal) programs(ctx context.Context, version string) (map[string]string, error) {
	tools, err := r.builder.ControlPlane(version)
	if err != nil {
		return nil, err
	}
	return r.builder.Build(ctx, tools...)
}

// ownConfig are the settings that a rehearsal needs to differ from the stack file: the API server is on this machine, as
// behind a Session Manager tunnel; the simulated account has no key pair, and the cluster no Argo CD to read Git; and
// every secret is made up, those of the stack file too, since a rehearsal has no key to them and no use for them.
func (r *rehearsal) ownConfig() (config, secrets map[string]string) {
	config = map[string]string{
		prefix + "apiAccess":          string(stacks.AccessSessionManager),
		prefix + "apiTunnelPort":      strconv.Itoa(r.apiPort),
		prefix + "bootTimeoutMinutes": bootMinutes,
		prefix + "sshKeyName":         "",
		prefix + "gitPath":            "",
	}
	maps.Copy(config, r.drill.config)
	secrets = map[string]string{}
	for _, key := range append(r.encrypted, prefix+"openaiApiKey", prefix+"kakaoApiKey") {
		secrets[key] = "rehearsal-" + rand.Text()
	}
	return config, secrets
}

// open starts the simulated AWS, the world in which its machines boot, and the engine that will deploy to it.
func (r *rehearsal) open(ctx context.Context, cancel context.CancelCauseFunc) error {
	if err := r.openWorld(cancel); err != nil {
		return err
	}
	awsPort, err := awssim.Serve(context.WithoutCancel(ctx), r.cloud)
	if err != nil {
		return fmt.Errorf("serve the simulated AWS: %w", err)
	}
	providers, plugins := map[string]int{"aws": awsPort}, map[string]string{}
	if err := r.openProviders(context.WithoutCancel(ctx), providers, plugins); err != nil {
		return err
	}
	config, secrets := r.ownConfig()
	r.engine, err = engine.Open(ctx, engine.Options{
		Project: r.options.root, Stack: r.options.stack, Pulumi: r.pulumi, State: r.state, Program: stacks.Deploy,
		Providers: providers, Plugins: plugins, Config: config, Secrets: secrets, Out: r.out.writer, Color: r.out.engineColor(),
	})
	return err
}

func (r *rehearsal) openWorld(cancel context.CancelCauseFunc) error {
	log, err := r.logFile("machines.log")
	if err != nil {
		return fmt.Errorf("open the log of the machines: %w", err)
	}
	r.closers = append(r.closers, func() { log.Close() })
	r.world = boot.New(boot.Options{
		Programs: r.programs, StateDir: filepath.Join(r.state, "world"), APIPort: r.apiPort,
		Log: func(machine, message string) {
			fmt.Fprintf(log, "%s %s: %s\n", time.Now().Format(time.RFC3339), machine, message)
			r.out.machine(machine, message)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lastWords[machine] = message
		},
	})
	r.cloud = awssim.New(awssim.Options{Region: r.settings.Region, Boot: r.boot, Terminate: r.terminate})
	r.closers = append(r.closers, r.cloud.Close, r.world.Close)
	go func() {
		if err, ok := <-r.world.Failed(); ok {
			cancel(fmt.Errorf("the control plane failed: %w", err))
		}
	}()
	return nil
}

func (r *rehearsal) boot(ctx context.Context, m *awssim.Machine) {
	r.machines.launched(m.Name)
	// Whatever goes wrong was reported as a machine does it: in its status parameter and its log.
	_ = r.world.Boot(ctx, boot.Simulated(r.cloud, m))
}

// terminate switches a machine off. Before the one with the control plane goes, what Pulumi left in the API server is
// read: afterwards nobody could tell.
func (r *rehearsal) terminate(m *awssim.Machine) {
	r.machines.terminated(m.Name)
	ctx := context.Background()
	if running := r.world.Cluster(); running != nil && m.Name == stacks.ControlPlane(r.settings.Nodes).Name {
		left, err := verify.Managed(ctx, running.Admin())
		r.mu.Lock()
		r.leftInCluster, r.leftErr = left, err
		r.mu.Unlock()
	}
	if err := r.world.Terminate(ctx, m.ID); err != nil {
		r.out.machine(m.Name, err.Error())
	}
}

// openProviders uses the real plugins that are on the machine and stands in for the others.
func (r *rehearsal) openProviders(ctx context.Context, providers map[string]int, plugins map[string]string) error {
	r.kubernetes = k8sprovider.New(patience)
	if path := engine.FindPlugin("kubernetes", "4"); path != "" {
		plugins["kubernetes"] = path
	} else {
		server, err := r.kubernetes.Serve(ctx)
		if err != nil {
			return err
		}
		providers["kubernetes"] = server.Port
		r.closers = append(r.closers, server.Close)
	}
	if path := engine.FindPlugin("random", "4"); path != "" {
		plugins["random"] = path
		return nil
	}
	server, err := randomprovider.Serve(ctx)
	if err != nil {
		return err
	}
	providers["random"] = server.Port
	r.closers = append(r.closers, server.Close)
	return nil
}

// Ports for the API server: below those that the kernel gives to outgoing connections, which would take one that was
// free a moment ago.
const (
	firstPort = 20000
	ports     = 10000
)

// freePort finds a free port on loopback.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + mathrand.IntN(ports)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port for the API server between %d and %d", firstPort, firstPort+ports)
}
