package drills

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	component "github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

const (
	// repositoryTag is the repository's before the stack exists; the program begins with imageTag.
	repositoryTag = "1.2.0"
	// firstSync is the time in which Argo CD must have synced a new stack: its attempts during the update fail, and it waits three minutes
	// at most before another one.
	firstSync = 5 * time.Minute
	// postgresPod is the pod of PostgreSQL.
	postgresPod = "postgresql-0"
)

func argoCDFirst() rehearsal.Drill {
	d := &gitOps{token: "token-" + rand.Text(), tag: repositoryTag}
	return rehearsal.Drill{
		Name: "argocd-first", Program: programs.GrowbinName,
		About: "a new stack has the settings of its repository from the first update on, and a real Argo CD brings the repository's images",
		Around: func(r *rehearsal.Rehearsal) (before, after []rehearsal.Phase) {
			d.Rehearsal = r
			return []rehearsal.Phase{{Name: "a repository", Do: d.prepare}},
				[]rehearsal.Phase{{Name: "the first sync", Do: d.firstSync}, {Name: "an update after it", Do: d.follow}}
		},
		Phases: func(*rehearsal.Rehearsal) []rehearsal.Phase {
			return []rehearsal.Phase{
				{Name: "a commit of another tag", Do: d.commit},
				{Name: "updates", Do: d.update},
				{Name: "logs", Do: d.endFirst},
			}
		},
	}
}

// prepare serves the repository and sets its settings. Argo CD is to start when its release is created, as Helm would start it.
func (d *gitOps) prepare(ctx context.Context) error {
	if err := d.serve(ctx); err != nil {
		return err
	}
	if err := d.Set(ctx, programs.KeyGitRepository, d.repository.URL); err != nil {
		return err
	}
	if err := d.SetSecret(ctx, programs.KeyGitToken, d.token); err != nil {
		return err
	}
	d.SetStandIn(func(ctx context.Context, release k8splugin.NotInstalled) error {
		if release.Chart != component.Chart("").Name {
			return nil
		}
		return d.run(ctx)
	})
	return d.Set(ctx, programs.KeyGitPath, d.folder())
}

// firstSync waits until the applications run the repository's tag. Argo CD, and not the program, must have brought it.
func (d *gitOps) firstSync(ctx context.Context) (err error) {
	if d.client, err = d.Client(ctx); err != nil {
		return err
	}
	if d.argoCD == nil { // Helm has installed its objects
		if err := d.run(ctx); err != nil {
			return err
		}
	}
	if d.requests, err = sendRequests(ctx, d.Rehearsal, d.client); err != nil {
		return err
	}
	if err := d.syncedWithin(ctx, firstSync, repositoryTag); err != nil {
		return err
	}
	if err := d.compareImages(ctx, repositoryTag, "applications without the repository's image after the first update"); err != nil {
		return err
	}
	settings, err := d.settings(repositoryTag)
	if err != nil {
		return err
	}
	if err := d.compareHooks(ctx, settings); err != nil {
		return err
	}
	if err := d.compareDatabase(ctx, settings); err != nil {
		return err
	}
	if err := d.compareTemplates(ctx, settings); err != nil {
		return err
	}
	return d.compareOwned(ctx)
}

// compareDatabase requires that no migration began before PostgreSQL was ready: the simulated ones succeed without it.
func (d *gitOps) compareDatabase(ctx context.Context, settings *stacks.Settings) error {
	pod, err := d.client.CoreV1().Pods("data").Get(ctx, postgresPod, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read pod %s: %w", postgresPod, err)
	}
	at := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	if at < 0 {
		return fmt.Errorf("pod %s is not ready", postgresPod)
	}
	ready := pod.Status.Conditions[at].LastTransitionTime
	var early []string
	for _, application := range settings.Applications() {
		if application.Migration() == "" {
			continue
		}
		job, err := d.client.BatchV1().Jobs(stacks.ReleaseNamespace).Get(ctx, application.Migration(), metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read hook %s: %w", application.Migration(), err)
		}
		if job.CreationTimestamp.Before(&ready) {
			early = append(early, job.Name)
		}
	}
	d.Compare("migrations that began before the database was ready", "–", join(early), len(early) == 0)
	return nil
}

// compareTemplates requires that the pods of the repository's images are those of the program but for the image.
func (d *gitOps) compareTemplates(ctx context.Context, settings *stacks.Settings) error {
	first, err := d.settings("")
	if err != nil {
		return err
	}
	sets, err := d.client.AppsV1().ReplicaSets(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list ReplicaSets: %w", err)
	}
	template := func(image string) (*corev1.PodTemplateSpec, error) {
		at := slices.IndexFunc(sets.Items, func(s appsv1.ReplicaSet) bool { return s.Spec.Template.Spec.Containers[0].Image == image })
		if at < 0 {
			return nil, fmt.Errorf("no ReplicaSet has image %s", image)
		}
		found := &sets.Items[at].Spec.Template
		delete(found.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		return found, nil
	}
	var others []string
	for _, name := range stacks.ApplicationNames() {
		before, err := template(first.Image(name))
		if err != nil {
			return err
		}
		after, err := template(settings.Image(name))
		if err != nil {
			return err
		}
		before.Spec.Containers[0].Image = settings.Image(name)
		if !equality.Semantic.DeepEqual(before, after) {
			others = append(others, name)
		}
	}
	d.Compare("applications whose pods differ from the program's in more than the image", "–", join(others), len(others) == 0)
	return nil
}

// argoCDManager is Argo CD's name as the owner of fields.
const argoCDManager = "argocd-controller"

// compareOwned requires that Argo CD owns the image of each Deployment, its own mark, and nothing else.
func (d *gitOps) compareOwned(ctx context.Context) error {
	running, err := d.running(ctx)
	if err != nil {
		return err
	}
	own := []string{"f:image", "f:name", ".", "f:argocd.argoproj.io/tracking-id"}
	var others []string
	for _, name := range stacks.ApplicationNames() {
		var fields []string
		for _, entry := range running[name].ManagedFields {
			if entry.Manager != argoCDManager || entry.Operation != metav1.ManagedFieldsOperationApply {
				continue
			}
			var tree map[string]any
			if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &tree); err != nil {
				return fmt.Errorf("read the owners of %s: %w", name, err)
			}
			fields = leaves(tree, fields)
		}
		if !slices.Contains(fields, own[0]) {
			others = append(others, name+" has another owner of its image")
		}
		for _, field := range fields {
			if !slices.Contains(own, field) {
				others = append(others, name+" "+field)
			}
		}
	}
	d.Compare("fields of Deployments that Argo CD owns beside the images", "–", join(others), len(others) == 0)
	return nil
}

// leaves appends the names of the fields at the ends of a tree.
func leaves(tree map[string]any, found []string) []string {
	for name, below := range tree {
		if branch, _ := below.(map[string]any); len(branch) > 0 {
			found = leaves(branch, found)
			continue
		}
		found = append(found, name)
	}
	return found
}

// follow deploys the program again: its state takes the images that run. Nothing may change in the cluster, and no identity of a
// release may exist.
func (d *gitOps) follow(ctx context.Context) error {
	before, err := d.running(ctx)
	if err != nil {
		return err
	}
	result, err := d.Engine.Up(ctx, "after-first-sync", noOptions)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool {
		return c.Operation == "update" && (c.Type == "kubernetes:apps/v1:Deployment" && slices.Contains(stacks.ApplicationNames(), c.Name) ||
			strings.HasPrefix(c.Type, "aws:ssm/") && c.Name == stacks.ReleasedImages)
	})
	d.Compare("resources that the update after it changes, but for the record of the images", "–", join(engine.Strings(others)), len(others) == 0)
	after, err := d.running(ctx)
	if err != nil {
		return err
	}
	var changed []string
	for name, was := range before {
		if after[name].Generation != was.Generation {
			changed = append(changed, name)
		}
	}
	d.Compare("Deployments that it changes in the cluster", "–", join(changed), len(changed) == 0 && len(after) == len(before))
	var identities []string
	for _, name := range stacks.ApplicationNames() {
		if _, err := d.Cloud.Parameter(stacks.ReleaseParameter(d.Options.Stack, name)); err == nil {
			identities = append(identities, name)
		}
	}
	d.Compare("applications with an identity of a release", "–", join(identities), len(identities) == 0)
	return nil
}

// endFirst compares what was seen all the while.
func (d *gitOps) endFirst(context.Context) error {
	d.requests.compare(d.Rehearsal)
	return d.compareLogs()
}
