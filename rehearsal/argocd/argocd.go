// Package argocd runs a real Argo CD beside a cluster: its application controller and its repository server are processes of this
// machine, its objects are in the cluster.
package argocd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// startTimeout is the time in which one process must serve.
const startTimeout = time.Minute

// Names by which the one program of Argo CD knows which part it is.
const (
	controller = "argocd-application-controller"
	repoServer = "argocd-repo-server"
	// askPass is called by Git for the token.
	askPass = "argocd"
)

// Options of an Argo CD.
type Options struct {
	// Program is the path of the one program of Argo CD.
	Program string
	// Manifest is the file of its own installation, of which objects are taken.
	Manifest string
	// Config is an administrator's, Namespace that of Argo CD.
	Config    *rest.Config
	Namespace string
	// Certificates are those of Git servers, in PEM, by host.
	Certificates map[string][]byte
	// KnownHosts are lines of known_hosts.
	KnownHosts string
	// Log returns the path of the log of a process.
	Log func(process string) string
}

// ArgoCD is a running Argo CD.
type ArgoCD struct {
	options   Options
	client    dynamic.Interface
	installed []object
	folder    string
	processes []*process.Process
}

// Start installs the objects that the cluster lacks and starts the processes. If it fails, nothing is left.
func Start(ctx context.Context, o Options) (*ArgoCD, error) {
	client, err := dynamic.NewForConfig(o.Config)
	if err != nil {
		return nil, fmt.Errorf("client for Argo CD: %w", err)
	}
	a := &ArgoCD{options: o, client: client}
	if err := a.start(ctx); err != nil {
		a.Stop()
		return nil, err
	}
	return a, nil
}

func (a *ArgoCD) start(ctx context.Context) (err error) {
	if err := a.install(ctx); err != nil {
		return err
	}
	// The path of a socket must be short.
	if a.folder, err = os.MkdirTemp("", "argocd"); err != nil {
		return fmt.Errorf("make a folder for Argo CD: %w", err)
	}
	if err := a.writeFiles(ctx); err != nil {
		return err
	}
	ports, err := process.FreePorts(4)
	if err != nil {
		return err
	}
	redis, repo, repoMetrics, metrics := ports[0], ports[1], ports[2], ports[3]
	server, err := realserver.Find("redis-server")
	if err != nil {
		return fmt.Errorf("Argo CD needs a Redis (Debian's package redis-server): %w", err)
	}
	cache := "127.0.0.1:" + strconv.Itoa(redis)
	for _, p := range []struct {
		path  string
		args  []string
		ready func(context.Context) error
	}{
		{server, []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(redis), "--save", "", "--dir", a.path("tmp")}, listening(redis)},
		{
			a.path("bin", repoServer),
			[]string{"--address", "127.0.0.1", "--port", strconv.Itoa(repo), "--metrics-address", "127.0.0.1", "--metrics-port", strconv.Itoa(repoMetrics), "--redis", cache},
			healthy(repoMetrics),
		},
		{
			a.path("bin", controller),
			[]string{"--namespace", a.options.Namespace, "--repo-server", "127.0.0.1:" + strconv.Itoa(repo), "--metrics-port", strconv.Itoa(metrics), "--redis", cache},
			healthy(metrics),
		},
	} {
		started, err := process.Start(process.Command{Path: p.path, Args: p.args, Env: a.environment(), Dir: a.folder}, a.options.Log(filepath.Base(p.path)))
		if err != nil {
			return err
		}
		a.processes = append(a.processes, started)
		if err := started.WaitReady(ctx, startTimeout, p.ready); err != nil {
			return err
		}
	}
	return nil
}

func (a *ArgoCD) path(elements ...string) string {
	return filepath.Join(append([]string{a.folder}, elements...)...)
}

// writeFiles writes what the pods of Argo CD mount, and a PATH with nothing but Git and ssh: no Helm and no Kustomize.
func (a *ArgoCD) writeFiles(ctx context.Context) error {
	for _, dir := range []string{"bin", "tmp", "tls", "config"} {
		if err := os.Mkdir(a.path(dir), 0o700); err != nil {
			return fmt.Errorf("make a folder for Argo CD: %w", err)
		}
	}
	links := map[string]string{controller: a.options.Program, repoServer: a.options.Program, askPass: a.options.Program}
	for _, name := range []string{"git", "ssh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			return fmt.Errorf("Argo CD needs %s: %w", name, err)
		}
		links[name] = path
	}
	for name, to := range links {
		if err := os.Symlink(to, a.path("bin", name)); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	for host, certificate := range a.options.Certificates {
		if err := os.WriteFile(a.path("tls", host), certificate, 0o600); err != nil {
			return fmt.Errorf("write a certificate: %w", err)
		}
	}
	if err := os.WriteFile(a.path("config", "ssh_known_hosts"), []byte(a.options.KnownHosts+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the known hosts: %w", err)
	}
	kubeconfig, err := a.kubeconfig(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.path("kubeconfig"), kubeconfig, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig of the controller: %w", err)
	}
	return nil
}

// environment is that of each process. In a pod, files instead of the variables say where these things are.
func (a *ArgoCD) environment() []string {
	return []string{
		"PATH=" + a.path("bin"), "HOME=" + a.path("tmp"), "TMPDIR=" + a.path("tmp"),
		"KUBECONFIG=" + a.path("kubeconfig"), "ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_TLS_DATA_PATH=" + a.path("tls"), "ARGOCD_SSH_DATA_PATH=" + a.path("config"), "ARGOCD_APP_CONF_PATH=" + a.path("config"),
		"ARGOCD_PLUGINSOCKFILEPATH=" + a.path("config"), "ARGOCD_ASK_PASS_SOCK=" + a.path("ask-pass.sock"), "ARGOCD_GPG_ENABLED=false",
	}
}

func listening(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		var dialer net.Dialer
		connection, err := dialer.DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		return connection.Close()
	}
}

func healthy(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(port)+"/healthz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("/healthz answers %s", response.Status)
		}
		return nil
	}
}

// Stop ends the processes and removes their files. The objects stay.
func (a *ArgoCD) Stop() {
	for _, p := range slices.Backward(a.processes) {
		p.Stop()
	}
	a.processes = nil
	if a.folder != "" {
		_ = os.RemoveAll(a.folder)
	}
}
