package drills

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/internal/testing/awssim/cliserver"
	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

// growbin is the command, compiled, for the rehearsed stack.
type growbin struct {
	*rehearsal.Rehearsal
	path        string
	environment []string
}

// installGrowbin compiles growbin, the Pulumi program and the language host, and installs the real AWS CLI for the simulated
// account. All but the last are kept for the next drill.
func installGrowbin(ctx context.Context, r *rehearsal.Rehearsal) (*growbin, error) {
	cli, err := realserver.Find("aws")
	if err != nil {
		return nil, fmt.Errorf("the drill runs the real AWS CLI (Debian's package awscli): %w", err)
	}
	compiled, err := filepath.Abs(filepath.Join(r.Options.Root, ".rehearsal", "bin", "commands"))
	if err != nil {
		return nil, fmt.Errorf("find the folder of programs: %w", err)
	}
	own := filepath.Join(r.Engine.WorkDir(), "bin")
	if err := errors.Join(os.MkdirAll(compiled, 0o700), os.MkdirAll(own, 0o700)); err != nil {
		return nil, fmt.Errorf("make a folder for the command: %w", err)
	}
	program := filepath.Join(compiled, "program")
	for _, b := range []struct{ path, module, pkg string }{
		{filepath.Join(compiled, "growbin"), ".", "./cmd/growbin"},
		{program, ".", "./infra"},
		{filepath.Join(compiled, "pulumi-language-go"), "rehearsal", "./cmd/languagehost"},
	} {
		build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(r.Options.Root, b.module), "-o", b.path, b.pkg)
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("compile %s: %w\n%s", b.pkg, err, out)
		}
	}
	if err := r.Engine.RunExecutable(program); err != nil {
		return nil, err
	}
	server := cliserver.New(r.Cloud)
	r.Defer(server.Close)
	if err := realserver.InstallAWSCLI(own, cli, server.URL()); err != nil {
		return nil, err
	}
	environment := append(r.Engine.Environment(), server.Environment()...)
	for i, variable := range environment {
		if path, is := strings.CutPrefix(variable, "PATH="); is {
			environment[i] = "PATH=" + strings.Join([]string{own, compiled, path}, string(os.PathListSeparator))
		}
	}
	return &growbin{Rehearsal: r, path: filepath.Join(compiled, "growbin"), environment: environment}, nil
}

// as runs the command with the rights of a role in AWS.
func (g *growbin) as(ctx context.Context, role iampolicy.Role, args ...string) (string, error) {
	policy, err := programs.RolePolicy(g.Options.Root, g.Options.Stack, g.Cloud.AccountID(), role)
	if err != nil {
		return "", err
	}
	if err := g.Cloud.Assume(programs.RoleName(role), policy); err != nil {
		return "", fmt.Errorf("assume the role of the %s: %w", role, err)
	}
	defer g.Cloud.Leave()
	return g.run(ctx, args...)
}

// run runs the command and returns its output, with its errors if it fails.
func (g *growbin) run(ctx context.Context, args ...string) (string, error) {
	g.Console.Logf("growbin %s -s %s", strings.Join(args, " "), g.Options.Stack)
	command := exec.CommandContext(ctx, g.path, append(args, "-s", g.Options.Stack, "-C", g.Engine.WorkDir())...)
	command.Env = g.environment
	var out, failure bytes.Buffer
	command.Stdout, command.Stderr = &out, &failure
	err := command.Run()
	if log := g.Engine.Log("growbin " + strings.Join(args, " ")); err != nil || args[0] != "kubeconfig" {
		if err := os.WriteFile(log, append(out.Bytes(), failure.Bytes()...), 0o600); err != nil {
			return "", fmt.Errorf("write the log: %w", err)
		}
	}
	if err != nil {
		text := out.String() + failure.String()
		return text, fmt.Errorf("growbin %s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return out.String(), nil
}

// alertmanagerConfig notifies nobody.
const alertmanagerConfig = "route: {receiver: none}\nreceivers: [{name: none}]\n"

// serveAlertmanager runs the real Alertmanager behind the Service of the simulated one, with the alert that always fires.
func serveAlertmanager(ctx context.Context, r *rehearsal.Rehearsal, client kubernetes.Interface) error {
	program, err := realserver.Find("prometheus-alertmanager")
	if err != nil {
		return fmt.Errorf("the drill runs the real Alertmanager (Debian's package prometheus-alertmanager): %w", err)
	}
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	folder := filepath.Join(r.Engine.WorkDir(), "alertmanager")
	config := filepath.Join(folder, "config.yml")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make a folder for Alertmanager: %w", err)
	}
	if err := os.WriteFile(config, []byte(alertmanagerConfig), 0o600); err != nil {
		return fmt.Errorf("configure Alertmanager: %w", err)
	}
	server, err := process.Start(process.Command{
		Name: "alertmanager", Path: program, Dir: folder, Env: os.Environ(),
		Args: []string{"--config.file=" + config, "--storage.path=" + folder, "--web.listen-address=" + address, "--cluster.listen-address="},
	}, r.Engine.Log("alertmanager"))
	if err != nil {
		return err
	}
	r.Defer(server.Stop)
	// Prometheus would send it again and again; without an end it lasts for five minutes.
	watchdog := fmt.Sprintf(`[{"labels":{"alertname":%q,"severity":"none"},"endsAt":%q}]`, monitoring.Watchdog, time.Now().Add(24*time.Hour).Format(time.RFC3339))
	if err := server.WaitReady(ctx, time.Minute, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/api/v2/alerts", strings.NewReader(watchdog))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("post an alert: %s", answer.Status)
		}
		return nil
	}); err != nil {
		return err
	}
	pods, err := addressesOf(ctx, client, stacks.MonitoringNamespace, monitoring.AlertmanagerService)
	if err != nil {
		return err
	}
	forward := map[string]string{}
	for _, pod := range pods {
		forward[pod] = address
	}
	stop, err := r.World.Cluster().ServePods(forward)
	if err == nil {
		r.Defer(stop)
	}
	return err
}

// addressesOf returns the addresses behind a Service, as host:port.
func addressesOf(ctx context.Context, client kubernetes.Interface, namespace, service string) (addresses []string, err error) {
	slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		return nil, fmt.Errorf("list the endpoints of %s: %w", service, err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			for _, port := range slice.Ports {
				addresses = append(addresses, fmt.Sprintf("%s:%d", endpoint.Addresses[0], *port.Port))
			}
		}
	}
	return addresses, nil
}
