package drills

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/gitserver"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

// Words of the pages.
const (
	pageTag         = "1.4.2"
	pageRow         = "k8s-worker-ai-peak"
	pageAutoscale   = releasedApplication + "=2-3"
	pageDeployments = "deployments"
	pageGitHost     = "git.example.com"
	pageGitPort     = "2222"
	// pageWebhook stands for a secret that a person is asked for.
	pageWebhook = "https://hooks.example.com/growbin"
)

func pages() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "pages", Program: programs.GrowbinName,
		About: "the commands of docs/release.md, docs/grow.md and of parts of docs/operate.md run as they are written",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &pagesDrill{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "the programs", Do: d.install},
				{Name: "operate.md: connect, outputs and settings", Do: d.operate},
				{Name: "release.md: release", Do: d.release},
				{Name: "release.md: a new token", Do: d.renew},
				{Name: "release.md: the application's own repository", Do: d.repository},
				{Name: "release.md: with Argo CD", Do: d.manifests},
				{Name: "grow.md: a node more", Do: d.grow},
				{Name: "grow.md: an autoscaler", Do: d.scale},
			}
		},
	}
}

// pagesDrill runs the pages.
type pagesDrill struct {
	*rehearsal.Rehearsal
	client         kubernetes.Interface
	requests       *requests
	shell          *shell
	releases, more *page
}

func (d *pagesDrill) install(ctx context.Context) (err error) {
	if d.client, err = d.Client(ctx); err != nil {
		return err
	}
	if d.shell, err = newShell(ctx, d.Rehearsal, nil); err != nil {
		return err
	}
	if d.releases, err = d.shell.open("docs/release.md"); err != nil {
		return err
	}
	if d.more, err = d.shell.open("docs/grow.md"); err != nil {
		return err
	}
	d.requests, err = sendRequests(ctx, d.Rehearsal, d.client)
	return err
}

// operate connects, reads the outputs, and sets the load balancer's names and the receivers of alerts, which are taken back.
func (d *pagesDrill) operate(ctx context.Context) error {
	work, err := d.shell.open("docs/operate.md")
	if err != nil {
		return err
	}
	// The API server itself listens on the port of the tunnel.
	list, err := work.run(ctx, "make tunnel STACK=dev", map[string]string{"make tunnel STACK=dev": "true"})
	if err != nil {
		return err
	}
	ready := strings.Count(list, " Ready ")
	d.Compare("nodes that kubectl get nodes shows as Ready", len(d.Design.Nodes), ready, ready == len(d.Design.Nodes))
	list, err = work.run(ctx, "pulumi stack output sshCommands", map[string]string{"aws ec2 get-console-output": "true"}) // EC2 keeps no console here
	if err != nil {
		return err
	}
	shown := strings.Contains(list, kubeadm.PhaseReady) && strings.Contains(list, "k8s-redis")
	d.Compare("the outputs show the nodes, and a node's parameter is "+kubeadm.PhaseReady, true, shown, shown)
	file := filepath.Join(d.Engine.WorkDir(), stackfile.FileName(d.Options.Stack))
	former, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the stack file: %w", err)
	}
	for _, begins := range []string{"pulumi stack output urls", "pulumi config set --path 'growbin:alarmEmails"} {
		if _, err := work.run(ctx, begins, nil); err != nil {
			return err
		}
	}
	settings, err := stacks.ReadSettings(d.Engine.WorkDir(), d.Options.Stack, map[string]string{programs.Prefix + "alertUrl": pageWebhook, programs.Prefix + "heartbeatUrl": pageWebhook})
	if err != nil {
		return err
	}
	set := settings.Domain + " " + settings.HostedZone + " " + join(settings.AdminCIDRs) + " " + string(settings.AlertReceiver)
	d.Compare("the settings of the page", "–", set, set == "dev.example.com example.com 198.51.100.7/32 webhook")
	return os.WriteFile(file, former, 0o600)
}

// release migrates the new databases with the tags that run, which changes no pod, and then releases one application.
func (d *pagesDrill) release(ctx context.Context) error {
	before, err := generations(ctx, d.client)
	if err != nil {
		return err
	}
	if _, err := d.releases.run(ctx, "for application in", nil); err != nil {
		return err
	}
	if err := d.compareReleased(ctx, before, nil, "releases of the tags that run"); err != nil {
		return err
	}
	list, err := d.releases.run(ctx, "growbin release waste-api", nil)
	if err != nil {
		return err
	}
	listed := lists(list, pageTag)
	d.Compare("growbin release --list names the tag", true, listed, listed)
	return d.compareReleased(ctx, before, []string{releasedApplication}, "the release of one application")
}

// compareReleased requires that these Deployments alone have changed.
func (d *pagesDrill) compareReleased(ctx context.Context, before map[string]int64, want []string, by string) error {
	after, err := generations(ctx, d.client)
	if err != nil {
		return err
	}
	var changed []string
	for _, name := range stacks.ApplicationNames() {
		if before[name] != after[name] {
			changed = append(changed, name)
		}
	}
	d.Compare("Deployments changed by "+by, join(want), join(changed), slices.Equal(changed, want))
	return nil
}

// renew ends the token of the release's identity. The former one must be refused.
func (d *pagesDrill) renew(ctx context.Context) error {
	former, err := d.Cloud.Parameter(stacks.ReleaseParameter(d.Options.Stack, releasedApplication))
	if err != nil {
		return err
	}
	if _, err := d.releases.run(ctx, "kubectl -n growbin delete secret", nil); err != nil {
		return err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(former))
	if err != nil {
		return fmt.Errorf("the former kubeconfig of releases: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect with the former kubeconfig: %w", err)
	}
	_, refused := client.AppsV1().Deployments(stacks.ReleaseNamespace).Get(ctx, releasedApplication, metav1.GetOptions{})
	d.Compare("the former token", "valid", refused, refused != nil && strings.Contains(refused.Error(), "Unauthorized"))
	_, err = d.shell.run(ctx, "release", releasedApplication, pageTag)
	return err
}

// repository gives a repository the right to release.
func (d *pagesDrill) repository(ctx context.Context) error {
	if _, err := d.releases.run(ctx, "pulumi config set --path 'growbin:releaseRepositories", nil); err != nil {
		return err
	}
	name := "growbin-" + d.Options.Stack + "-release-" + releasedApplication
	found := 0
	for _, resource := range d.Cloud.Resources() {
		if resource.Type == "aws:iam/role:Role" && strings.HasSuffix(resource.ID, name) {
			found++
		}
	}
	d.Compare("role of the repository's workflows", 0, found, found == 1)
	return d.Engine.RemoveConfig(ctx, programs.Prefix+"releaseRepositories")
}

// manifests writes the files for Argo CD and sets its repository, once by the keys that Argo CD knows and once with others. The drill
// argocd deploys such settings.
func (d *pagesDrill) manifests(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "git")
	if err != nil {
		return fmt.Errorf("make a folder for the Git repository: %w", err)
	}
	d.Defer(func() { _ = os.RemoveAll(folder) })
	repository, err := gitserver.New(ctx, folder, stacks.GitTokenUser, rand.Text())
	if err != nil {
		return err
	}
	d.Defer(repository.Close)
	server, err := repository.ServeSSH(ctx)
	if err != nil {
		return err
	}
	d.Defer(server.Close)
	if err := os.WriteFile(filepath.Join(d.Engine.WorkDir(), "deploy_key"), []byte(server.DeployKey), 0o600); err != nil {
		return fmt.Errorf("write the deploy key: %w", err)
	}
	if _, err := d.releases.run(ctx, "growbin manifests", nil); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(d.Engine.WorkDir(), "..", pageDeployments, "clusters", d.Options.Stack, "*.yaml"))
	if err != nil {
		return err
	}
	d.Compare("files of growbin manifests", 0, len(files), len(files) == len(stacks.ApplicationNames()))
	out, err := d.shell.run(ctx, "release", releasedApplication, pageTag)
	refused := err != nil && strings.Contains(out, "gitPath")
	d.Compare("growbin release with gitPath", "–", strings.TrimSpace(out), refused)
	host, port, err := net.SplitHostPort(strings.Split(strings.TrimPrefix(server.URL, "ssh://git@"), "/")[0])
	if err != nil {
		return fmt.Errorf("the address of the Git server: %w", err)
	}
	if _, err := d.releases.run(ctx, "ssh-keyscan", map[string]string{pageGitHost: host, pageGitPort: port}); err != nil {
		return err
	}
	settings, err := stacks.ReadSettings(d.Engine.WorkDir(), d.Options.Stack, nil)
	if err != nil {
		return err
	}
	key := strings.Fields(server.KnownHosts)
	known := strings.Contains(settings.GitKnownHosts, key[len(key)-1])
	d.Compare("the key of the server is in gitKnownHosts", true, known, known)
	d.releases.compareLeft()
	return withoutRepository(ctx, d.Rehearsal)
}

func (d *pagesDrill) grow(ctx context.Context) error {
	before := len(d.Cloud.Machines())
	if _, err := d.more.run(ctx, "pulumi config set --path 'growbin:moreNodes", nil); err != nil {
		return err
	}
	nodes, err := d.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	d.Compare("nodes", before, len(nodes.Items), len(nodes.Items) == before+1)
	pods, err := d.client.CoreV1().Pods(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + pageRow})
	if err != nil {
		return fmt.Errorf("list the pods of the new node: %w", err)
	}
	d.Compare("applications' pods on "+pageRow, 0, len(pods.Items), len(pods.Items) > 0)
	if _, err := d.more.run(ctx, "pulumi config rm --path 'growbin:moreNodes", nil); err != nil {
		return err
	}
	_, gone := d.client.CoreV1().Nodes().Get(ctx, pageRow, metav1.GetOptions{})
	_, terminated := d.Cloud.Machine(pageRow)
	d.Compare("Node and instance of "+pageRow+" are gone without its entry", true, gone != nil && terminated != nil, gone != nil && terminated != nil)
	return nil
}

func (d *pagesDrill) scale(ctx context.Context) error {
	list, err := d.more.run(ctx, "pulumi config set --path 'growbin:autoscale", nil)
	if err != nil {
		return err
	}
	named := strings.Contains(list, "Deployment/"+releasedApplication)
	d.Compare("kubectl get hpa names "+releasedApplication, true, named, named)
	d.more.compareLeft()
	d.requests.compare(d.Rehearsal)
	return d.Redesign(func(config map[string]string) { config[programs.KeyAutoscale] = `["` + pageAutoscale + `"]` })
}
