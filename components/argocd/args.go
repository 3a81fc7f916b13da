package argocd

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// DefaultChartVersion is of the chart argo-cd; it installs Argo CD 3.4 (2026-11).
const DefaultChartVersion = "10.1.1"

// DefaultPasswordChanged is before any cluster of this program.
const DefaultPasswordChanged = "2026-01-01T00:00:00Z"

// ArgoCDArgs describes one Argo CD.
type ArgoCDArgs struct {
	// Namespace has to exist.
	Namespace pulumi.StringInput
	// NodeSelector and Tolerations place every pod of the chart.
	NodeSelector map[string]string
	Tolerations  []corev1.Toleration
	// ChartVersion is DefaultChartVersion when empty.
	ChartVersion string
	// Domain is the host name people use, for example "argocd.example.com"; empty when there is none.
	Domain string
	// PasswordChanged is when the admin password was last changed, as RFC 3339 in UTC; DefaultPasswordChanged when
	// empty. Another time makes a new password, and Argo CD then refuses every session from before it.
	PasswordChanged string
	// Repository is what Applications are read from; nil for none.
	Repository *Repository
	// Root is an Application that is there from the beginning, usually of other Applications; nil for none.
	Root *Application
}

// Repository is a Git repository, public unless it has credentials.
type Repository struct {
	// URL is https://…, or ssh://… or git@host:path with an SSHKey.
	URL string
	// Username and Password are for HTTPS.
	Username string
	Password pulumi.StringInput
	// SSHKey is a private key in PEM format.
	SSHKey pulumi.StringInput
}

// Application is a directory of Repository that is kept in step with this cluster.
type Application struct {
	// Name is the Application's name.
	Name string
	// Path is a directory in the repository.
	Path string
	// Revision is a branch, tag or commit; HEAD when empty.
	Revision string
	// Namespace is where objects go that do not say so themselves.
	Namespace string
	// Prune deletes from the cluster what was deleted from the repository.
	Prune bool
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

// Validate returns every problem of the arguments, joined.
func (a *ArgoCDArgs) Validate() error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	require(a.Namespace != nil, "Namespace is missing; give the namespace to install into")
	require(len(a.NodeSelector) > 0, "NodeSelector is empty; give labels of the node that Argo CD belongs on")
	require(a.Domain == "" || len(validation.IsDNS1123Subdomain(a.Domain)) == 0,
		"Domain is %q; give a host name such as argocd.example.com", a.Domain)
	changed, err := time.Parse(time.RFC3339, a.PasswordChanged)
	require(err == nil && changed.Location() == time.UTC,
		"PasswordChanged is %q; give a time such as %s", a.PasswordChanged, DefaultPasswordChanged)
	a.Repository.validate(require)
	if a.Root != nil {
		require(a.Repository != nil, "Root is given without a Repository; give the repository its Path is in")
		a.Root.validate(require)
	}
	return errors.Join(problems...)
}

func (r *Repository) validate(require func(bool, string, ...any)) {
	if r == nil {
		return
	}
	u, err := url.Parse(r.URL)
	overHTTPS := err == nil && u.Scheme == "https" && u.Host != ""
	overSSH := strings.HasPrefix(r.URL, "ssh://") || strings.HasPrefix(r.URL, "git@")
	require(overHTTPS || overSSH, "Repository.URL is %q; give https://host/path, ssh://host/path or git@host:path", r.URL)
	require(!overHTTPS || u.User == nil, "Repository.URL has credentials in it; give them as Username and Password")
	require((r.Username == "") == (r.Password == nil), "Repository has one of Username and Password; give both or neither")
	require(!overSSH || r.SSHKey != nil, "Repository.SSHKey is missing; a repository over SSH needs one")
	require(overSSH || r.SSHKey == nil, "Repository.SSHKey is given for %q; it is for SSH only", r.URL)
}

func (a *Application) validate(require func(bool, string, ...any)) {
	require(len(validation.IsDNS1123Subdomain(a.Name)) == 0, "Root.Name is %q; give a name such as root", a.Name)
	require(len(validation.IsDNS1123Label(a.Namespace)) == 0, "Root.Namespace is %q; give the name of a namespace", a.Namespace)
	require(a.Path != "" && !strings.HasPrefix(a.Path, "/"), "Root.Path is %q; give a directory of the repository, such as clusters/dev", a.Path)
}
