package argocd

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/validation"
)

// DefaultChartVersion is the version of the chart argo-cd.
const DefaultChartVersion = pins.ArgoCDChart

// DefaultPasswordChanged is earlier than any cluster of this program.
const DefaultPasswordChanged = "2026-01-01T00:00:00Z"

// ArgoCDArgs describes one Argo CD.
type ArgoCDArgs struct {
	// Namespace is the namespace to install into, which must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// NodeSelector and Tolerations place every pod of the chart.
	NodeSelector map[string]string   `pulumi:"nodeSelector"`
	Tolerations  []corev1.Toleration `pulumi:"tolerations"`
	// OwnNetworkPolicies is true if the namespace has policies of its own. The chart's are then left out: they let every
	// pod of the cluster reach argocd-server. They are all that protects the repository server from other pods, so one of
	// the two must exist.
	OwnNetworkPolicies bool `pulumi:"ownNetworkPolicies"`
	// ChartVersion is the version of the chart; DefaultChartVersion when empty.
	ChartVersion string `pulumi:"chartVersion"`
	// ChartFolder is a folder of chart archives, relative to the program; optional. Without an archive of the chart there,
	// its repository is asked.
	ChartFolder string `pulumi:"chartFolder"`
	// ImageTag and RedisImageTag are the tags of the images of Argo CD and of its Redis, e.g. "v3.4.1@sha256:…"; those of the
	// chart when empty.
	ImageTag      string `pulumi:"imageTag"`
	RedisImageTag string `pulumi:"redisImageTag"`
	// Domain is the public host name, e.g. argocd.example.com; optional.
	Domain string `pulumi:"domain"`
	// NodePort is the HTTP port of the server on every node, 30000 to 32767; 0 for none.
	NodePort int `pulumi:"nodePort"`
	// PasswordChanged is the time of the last change of the admin password, as RFC 3339 in UTC; DefaultPasswordChanged
	// when empty. A new time generates a new password and ends all sessions.
	PasswordChanged string `pulumi:"passwordChanged"`
	// Repository is the Git repository of the Applications; optional.
	Repository *Repository `pulumi:"repository"`
	// Root is the first Application, which usually holds the others; optional.
	Root *Application `pulumi:"root"`
}

// Repository is a Git repository, public unless it has credentials.
type Repository struct {
	// URL is https://…, or ssh://… or git@host:path with an SSHKey.
	URL string `pulumi:"url"`
	// Username and Password are credentials for HTTPS; optional.
	Username string             `pulumi:"username"`
	Password pulumi.StringInput `pulumi:"password"`
	// SSHKey is a private key in PEM format.
	SSHKey pulumi.StringInput `pulumi:"sshKey"`
	// KnownHosts are keys of the SSH server, as lines of known_hosts. Those of GitHub, GitLab, Bitbucket and Azure DevOps are known.
	KnownHosts string `pulumi:"knownHosts"`
}

// Application is a directory of Repository that Argo CD applies to this cluster.
type Application struct {
	// Name is the Application's name.
	Name string `pulumi:"name"`
	// Path is a directory in the repository.
	Path string `pulumi:"path"`
	// Revision is a branch, tag or commit; HEAD when empty.
	Revision string `pulumi:"revision"`
	// Namespace is the namespace of objects that do not set their own.
	Namespace string `pulumi:"namespace"`
	// Prune deletes objects from the cluster that were deleted from the repository.
	Prune bool `pulumi:"prune"`
}

func (a *ArgoCDArgs) withDefaults() *ArgoCDArgs {
	out := *a
	if out.ChartVersion == "" {
		out.ChartVersion = DefaultChartVersion
	}
	if out.PasswordChanged == "" {
		out.PasswordChanged = DefaultPasswordChanged
	}
	return &out
}

// Validate returns all problems of the arguments, joined.
func (a *ArgoCDArgs) Validate() error {
	var problems validation.Problems
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace to install into")
	}
	if len(a.NodeSelector) == 0 {
		problems.NotSet("NodeSelector", "must hold labels of the node that runs Argo CD")
	}
	if a.Domain != "" && len(utilvalidation.IsDNS1123Subdomain(a.Domain)) > 0 {
		problems.Add("Domain", a.Domain, "must be a host name, e.g. argocd.example.com")
	}
	if a.NodePort != 0 && (a.NodePort < 30000 || a.NodePort > 32767) {
		problems.Add("NodePort", a.NodePort, "must be 30000 to 32767, or 0 for none")
	}
	if changed, err := time.Parse(time.RFC3339, a.PasswordChanged); err != nil || changed.Location() != time.UTC {
		problems.Add("PasswordChanged", a.PasswordChanged, "must be a time in UTC, e.g. %s", DefaultPasswordChanged)
	}
	if a.Repository != nil {
		problems.Include("Repository", a.Repository.validate())
	}
	if a.Root != nil {
		if a.Repository == nil {
			problems.NotSet("Repository", "must be the repository that holds Root.Path")
		}
		problems.Include("Root", a.Root.validate())
	}
	return problems.Err()
}

func (r *Repository) validate() error {
	var problems validation.Problems
	address, err := ParseAddress(r.URL)
	if err != nil {
		problems.Add("URL", Redacted(r.URL), "%v", err)
	}
	if (r.Username == "") != (r.Password == nil) {
		problems.Add("Username", r.Username, "must be set together with Password")
	}
	if address.SSH && r.SSHKey == nil {
		problems.NotSet("SSHKey", "must be a private key for a repository over SSH")
	}
	if !address.SSH && r.SSHKey != nil {
		problems.Add("SSHKey", "(secret)", "must be nil unless URL is an SSH address")
	}
	if err == nil {
		if err := address.CheckKnownHosts(r.KnownHosts); err != nil {
			problems.Add("KnownHosts", r.KnownHosts, "%v", err)
		}
	}
	return problems.Err()
}

func (a *Application) validate() error {
	var problems validation.Problems
	if len(utilvalidation.IsDNS1123Subdomain(a.Name)) > 0 {
		problems.Add("Name", a.Name, "must be a name, e.g. root")
	}
	if len(utilvalidation.IsDNS1123Label(a.Namespace)) > 0 {
		problems.Add("Namespace", a.Namespace, "must be the name of a namespace")
	}
	if a.Path == "" || strings.HasPrefix(a.Path, "/") {
		problems.Add("Path", a.Path, "must be a directory of the repository, e.g. clusters/dev")
	}
	return problems.Err()
}
