package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	releasing "github.com/growbin/cluster/internal/release"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

const (
	releasedApplication = "waste-api"
	goodTag             = "1.1.0"
	badTag              = "1.2.0" + cluster.BrokenImage
	// badReleaseTimeout ends the wait for pods that never become ready.
	badReleaseTimeout = 5 * time.Second
)

func releases() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "release", Program: programs.GrowbinName,
		About: "an application is released, a release that fails is rolled back, and updates keep the image",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &releaseDrill{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "release", Do: d.release},
				{Name: "failing release", Do: d.fail},
				{Name: "attempts of the release's identity", Do: d.attack},
				{Name: "updates", Do: d.update},
				{Name: "new token", Do: d.renew},
			}
		},
	}
}

// releaseDrill releases with the kubeconfig that the stack stores for one application.
type releaseDrill struct {
	*rehearsal.Rehearsal
	admin, identity kubernetes.Interface
	requests        *requests
}

// options are those of growbin release, with the times of a rehearsal.
func (d *releaseDrill) options(ctx context.Context, tag string, timeout time.Duration) (releasing.Options, error) {
	settings, err := stacks.ReadSettings(d.Engine.WorkDir(), d.Options.Stack, nil)
	if err != nil {
		return releasing.Options{}, err
	}
	row, image, err := settings.ReleaseImage(releasedApplication, tag)
	return releasing.Options{
		Client: d.identity, Namespace: stacks.ReleaseNamespace, Application: releasedApplication, Image: image, Migration: row.Migration(),
		Timeout: timeout, Poll: 100 * time.Millisecond, Logf: d.Console.Logf,
	}, err
}

func (d *releaseDrill) release(ctx context.Context) error {
	var err error
	if d.admin, err = d.Client(ctx); err != nil {
		return err
	}
	kubeconfig, err := d.Cloud.Parameter(stacks.ReleaseParameter(d.Options.Stack, releasedApplication))
	if err != nil {
		return err
	}
	if err := d.connect(kubeconfig); err != nil {
		return err
	}
	if d.requests, err = sendRequests(ctx, d.Rehearsal, d.admin); err != nil {
		return err
	}
	before, err := generations(ctx, d.admin)
	if err != nil {
		return err
	}
	options, err := d.options(ctx, goodTag, rehearsal.Patience)
	if err != nil {
		return err
	}
	if err := releasing.Run(ctx, options); err != nil {
		return err
	}
	after, err := generations(ctx, d.admin)
	if err != nil {
		return err
	}
	changed := 0
	for name, generation := range after {
		if before[name] != generation {
			changed++
		}
	}
	d.Compare("Deployments changed by the release", "–", changed, changed == 1 && before[releasedApplication] != after[releasedApplication])
	job, err := d.admin.BatchV1().Jobs(stacks.ReleaseNamespace).Get(ctx, options.Migration, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the migration: %w", err)
	}
	d.Compare("migrations that ran with the new image", "–", job.Status.Succeeded, job.Status.Succeeded == 1 && job.Spec.Template.Spec.Containers[0].Image == options.Image)
	return d.compareTag(ctx, "tag after the release", goodTag)
}

// generations are those of all Deployments by name.
func generations(ctx context.Context, client kubernetes.Interface) (map[string]int64, error) {
	list, err := client.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	found := map[string]int64{}
	for _, deployment := range list.Items {
		found[deployment.Name] = deployment.Generation
	}
	return found, nil
}

func (d *releaseDrill) fail(ctx context.Context) error {
	options, err := d.options(ctx, badTag, badReleaseTimeout)
	if err != nil {
		return err
	}
	err = releasing.Run(ctx, options)
	d.Compare("outcome of the release with broken pods", "–", err, err != nil)
	return d.compareTag(ctx, "tag after the failed release", goodTag)
}

// compareTag compares the tag with that of growbin release --list.
func (d *releaseDrill) compareTag(ctx context.Context, subject, wanted string) error {
	list, err := releasing.List(ctx, d.identity, stacks.ReleaseNamespace, stacks.ApplicationNames())
	if err != nil {
		return err
	}
	for _, running := range list {
		if running.Application == releasedApplication {
			d.Compare(subject, wanted, running.Tag+" by "+running.Owner, running.Tag == wanted && running.Owner == "release" && running.Complete)
		} else if running.Owner != "imageTag" {
			d.Problem("drill release: %s was released too", running.Application)
		}
	}
	return releasing.Print(d.Console.Writer, list)
}

// update deploys the program without a change, then with one that restarts all applications. Neither may change the image.
func (d *releaseDrill) update(ctx context.Context) error {
	before, err := generations(ctx, d.admin)
	if err != nil {
		return err
	}
	result, err := d.Engine.Up(ctx, "after-release", noOptions)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(result.Changes), d.recorded)
	d.Compare("resources changed by an up after the release, but for the record of the tag", "none", join(engine.Strings(others)), len(others) == 0)
	after, err := generations(ctx, d.admin)
	if err != nil {
		return err
	}
	d.Compare("generation of "+releasedApplication+" in that up", before[releasedApplication], after[releasedApplication], maps.Equal(before, after))
	if err := d.Engine.SetConfig(ctx, programs.Prefix+"logLevel", "warning"); err != nil {
		return err
	}
	result, err = d.Engine.Up(ctx, "after-release-edited", noOptions)
	if err != nil {
		return err
	}
	unexpected := []string{}
	for _, change := range result.Changes {
		if change.Type != "kubernetes:apps/v1:Deployment" && change.Type != "kubernetes:batch/v1:CronJob" || change.Operation != "update" {
			unexpected = append(unexpected, engine.Strings([]engine.Change{change})...)
		}
	}
	d.Compare("changes beyond the pods after logLevel changed", "none", join(unexpected), len(unexpected) == 0 && len(result.Changes) > 0)
	deployment, err := d.admin.AppsV1().Deployments(stacks.ReleaseNamespace).Get(ctx, releasedApplication, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the released Deployment: %w", err)
	}
	d.Compare("LOG_LEVEL of "+releasedApplication, "–", logLevel(deployment), logLevel(deployment) == "warning")
	return d.compareTag(ctx, "tag after both updates", goodTag)
}

// renew deletes the Secret of the identity's token. An update makes another, and the former ends.
func (d *releaseDrill) renew(ctx context.Context) error {
	parameter := stacks.ReleaseParameter(d.Options.Stack, releasedApplication)
	before, err := d.Cloud.Parameter(parameter)
	if err != nil {
		return err
	}
	if err := d.admin.CoreV1().Secrets(stacks.ReleaseNamespace).Delete(ctx, "release-"+releasedApplication, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete the token: %w", err)
	}
	if _, err := d.Engine.Up(ctx, "after-token", engine.RunOptions{Refresh: true}); err != nil {
		return err
	}
	after, err := d.Cloud.Parameter(parameter)
	if err != nil {
		return err
	}
	former := d.identity
	if err := d.connect(after); err != nil {
		return err
	}
	_, err = former.AppsV1().Deployments(stacks.ReleaseNamespace).Get(ctx, releasedApplication, metav1.GetOptions{})
	d.Compare("kubeconfig for releases after its token was deleted", "former", map[bool]string{true: "former", false: "another"}[before == after], before != after && apierrors.IsUnauthorized(err))
	d.requests.compare(d.Rehearsal)
	return d.compareTag(ctx, "tag after an update with a refresh", goodTag)
}

// connect uses the kubeconfig of a release from now on.
func (d *releaseDrill) connect(kubeconfig string) error {
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return fmt.Errorf("use the kubeconfig for releases: %w", err)
	}
	config.QPS = -1 // client-go would otherwise send five requests a second
	if d.identity, err = kubernetes.NewForConfig(config); err != nil {
		return fmt.Errorf("client for releases: %w", err)
	}
	return nil
}

// recorded reports a change of the image in Pulumi's state to the one that runs: that of the Deployment and of its migration.
func (d *releaseDrill) recorded(change engine.Change) bool {
	return change.Operation == "update" && (change.Name == releasedApplication || change.Name == "migrate-growbin" || change.Name == "released-images") &&
		len(slices.DeleteFunc(slices.Clone(change.Properties), func(name string) bool { return name == "spec" || name == "insecureValue" })) == 0
}

func logLevel(deployment *appsv1.Deployment) string {
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		if variable.Name == "LOG_LEVEL" {
			return variable.Value
		}
	}
	return ""
}
