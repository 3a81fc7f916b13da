package argocd

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/chart"
)

// releaseName begins the names of all objects of the chart, ServerService's too.
const releaseName = "argocd"

// Chart is the chart of a version; DefaultChartVersion when empty.
func Chart(version string) chart.Chart {
	return chart.Chart{Name: "argo-cd", Version: cmp.Or(version, DefaultChartVersion), Repository: "https://argoproj.github.io/argo-helm"}
}

// release installs the chart as a Helm release and not as single objects (helm/v4 Chart): a hook of the chart makes
// Redis's password, and hooks are run by releases only.
func (b *builder) release(passwordHash pulumi.StringOutput) (*helmv3.Release, error) {
	values, err := secretValuesFor(b.args, passwordHash)
	if err != nil {
		return nil, err
	}
	args := &helmv3.ReleaseArgs{
		Name:       pulumi.String(releaseName),
		Namespace:  b.args.Namespace,
		Values:     values,
		MaxHistory: pulumi.Int(3),
		// Seconds; a new node pulls four images first.
		Timeout: pulumi.Int(900),
	}
	if err := Chart(b.args.ChartVersion).Source(b.args.ChartFolder, args); err != nil {
		return nil, err
	}
	release, err := helmv3.NewRelease(b.ctx, b.name, args, pulumi.Parent(b.parent),
		// The rendered objects repeat the password's hash.
		pulumi.AdditionalSecretOutputs([]string{"manifest", "values"}))
	if err != nil {
		return nil, fmt.Errorf("install chart argo-cd %s: %w", b.args.ChartVersion, err)
	}
	return release, nil
}

// repository adds the Git repository to Argo CD, by a Secret with its label; nil if there is none.
func (b *builder) repository() (*core.Secret, error) {
	r := b.args.Repository
	if r == nil {
		return nil, nil
	}
	data := pulumi.StringMap{"type": pulumi.String("git"), "url": pulumi.String(r.URL)}
	if r.Password != nil {
		data["username"] = pulumi.String(r.Username)
		data["password"] = r.Password
	}
	if r.SSHKey != nil {
		data["sshPrivateKey"] = r.SSHKey
	}
	secret, err := core.NewSecret(b.ctx, b.name+"-repository", &core.SecretArgs{
		Metadata: &meta.ObjectMetaArgs{
			Namespace: b.args.Namespace,
			Labels:    pulumi.StringMap{"argocd.argoproj.io/secret-type": pulumi.String("repository")},
		},
		StringData: data,
	}, pulumi.Parent(b.parent))
	if err != nil {
		return nil, fmt.Errorf("create the Secret of repository %s: %w", r.URL, err)
	}
	return secret, nil
}

// rootApplication is created once the release has installed its kind, and once the credential of its repository is there: without it
// Argo CD's first attempt fails, and the next one follows minutes later. It has no finalizer: a destroy must not wait for Argo CD to
// delete the managed objects.
func (b *builder) rootApplication(release *helmv3.Release, credential *core.Secret) error {
	root := b.args.Root
	if root == nil {
		return nil
	}
	revision := root.Revision
	if revision == "" {
		revision = "HEAD"
	}
	_, err := apiextensions.NewCustomResource(b.ctx, b.name+"-root", &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("argoproj.io/v1alpha1"),
		Kind:       pulumi.String("Application"),
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(root.Name), Namespace: b.args.Namespace,
			// The API server compares: a field that the repository does not state is no difference.
			Annotations: pulumi.StringMap{"argocd.argoproj.io/compare-options": pulumi.String("ServerSideDiff=true")},
		},
		OtherFields: map[string]any{"spec": map[string]any{
			"project": "default",
			"source":  map[string]any{"repoURL": b.args.Repository.URL, "path": root.Path, "targetRevision": revision},
			"destination": map[string]any{
				"server": "https://kubernetes.default.svc", "namespace": root.Namespace,
			},
			"syncPolicy": map[string]any{
				"automated": map[string]any{"prune": root.Prune, "selfHeal": true},
				// Another attempt takes the latest commit: a repaired one must not wait until the attempts of the failing one end. They
				// have no limit: in a new stack the first ones fail, since the objects of other owners are not there yet.
				"retry": map[string]any{"limit": -1, "refresh": true},
				// An object may state some fields and leave the others to their owner: it is no valid object by itself.
				"syncOptions": []string{"ServerSideApply=true", "Validate=false"},
			},
		}},
	}, pulumi.Parent(b.parent), pulumi.DependsOn([]pulumi.Resource{release, credential}))
	if err != nil {
		return fmt.Errorf("create Application %s: %w", root.Name, err)
	}
	return nil
}
