package drills

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/argocd"
	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/gitserver"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/rehearsal/tools"
	"github.com/growbin/cluster/stacks"
)

// Tags that commits bring.
const (
	committedTag = "1.3.0"
	failingTag   = "1.4.0" + cluster.FailingImage
	repairedTag  = "1.4.1"
	brokenTag    = "1.5.0" + cluster.BrokenImage
	keyTag       = "1.6.0"
)

// unmigrated is an application without a migration of its own, lost one whose Deployment somebody deletes.
const (
	unmigrated     = "userinfo-api"
	lostDeployment = "image-uploader"
)

func argoCD() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "argocd", Program: programs.GrowbinName,
		About: "a real Argo CD reads a private Git repository: a wrong token, other tags, a migration that fails, a broken image, a revert, ssh with a deploy key, a lost Deployment",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &gitOps{Rehearsal: r, token: "token-" + rand.Text()}
			return []rehearsal.Phase{
				{Name: "Argo CD", Do: d.start},
				{Name: "a wrong token", Do: d.refuseToken},
				{Name: "the right token", Do: d.adopt},
				{Name: "a commit of another tag", Do: d.commit},
				{Name: "updates", Do: d.update},
				{Name: "a migration that fails", Do: d.failMigration},
				{Name: "a broken image", Do: d.breakImage},
				{Name: "a revert", Do: d.revert},
				{Name: "a wrong deploy key", Do: d.refuseKey},
				{Name: "the right deploy key", Do: d.acceptKey},
				{Name: "a lost Deployment", Do: d.lose},
				{Name: "without the repository", Do: d.remove},
			}
		},
	}
}

// gitOps is the time in which Argo CD owns the images.
type gitOps struct {
	*rehearsal.Rehearsal
	client   kubernetes.Interface
	requests *requests
	token    string
	// tag is the repository's at first; empty for the tags that run.
	tag        string
	repository *gitserver.Server
	overSSH    *gitserver.SSH
	// program is the path of Argo CD's.
	program string
	argoCD  *argocd.ArgoCD
	// broken is the commit of the broken image.
	broken string
}

// start runs Argo CD, and a repository with the files of growbin manifests for the tags that run.
func (d *gitOps) start(ctx context.Context) (err error) {
	if d.client, err = d.Client(ctx); err != nil {
		return err
	}
	if err := d.serve(ctx); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	d.requests, err = sendRequests(ctx, d.Rehearsal, d.client)
	return err
}

// serve builds Argo CD, and serves a repository with the files of growbin manifests.
func (d *gitOps) serve(ctx context.Context) (err error) {
	built, err := d.Builder.Build(ctx, tools.ArgoCD())
	if err != nil {
		return err
	}
	d.program = built[tools.ArgoCD().Name]
	folder, err := os.MkdirTemp("", "git")
	if err != nil {
		return fmt.Errorf("make a folder for the Git repository: %w", err)
	}
	d.Defer(func() { _ = os.RemoveAll(folder) })
	if d.repository, err = gitserver.New(ctx, folder, stacks.GitTokenUser, d.token); err != nil {
		return err
	}
	d.Defer(d.repository.Close)
	if d.overSSH, err = d.repository.ServeSSH(ctx); err != nil {
		return err
	}
	d.Defer(d.overSSH.Close)
	d.Defer(func() {
		if d.argoCD != nil {
			d.argoCD.Stop()
		}
	})
	settings, err := d.settings(d.tag)
	if err != nil {
		return err
	}
	manifests, err := settings.Manifests(ctx)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, file := range manifests {
		files[d.path(file.Name)] = file.Text
	}
	_, err = d.repository.Commit(ctx, "The first tags", files)
	return err
}

// run starts Argo CD beside the cluster.
func (d *gitOps) run(ctx context.Context) error {
	manifest, err := d.Builder.ArgoCDManifest(ctx)
	if err != nil {
		return err
	}
	d.argoCD, err = argocd.Start(ctx, argocd.Options{
		Program: d.program, Manifest: manifest, Config: d.World.Cluster().Admin(), Namespace: stacks.ArgoCDNamespace,
		Certificates: map[string][]byte{"127.0.0.1": d.repository.Certificate()}, KnownHosts: d.overSSH.KnownHosts,
		Log: d.Engine.Log,
	})
	return err
}

// folder is that of the stack in the repository, path that of a file in it.
func (d *gitOps) folder() string { return "clusters/" + d.Options.Stack }

func (d *gitOps) path(file string) string { return d.folder() + "/" + file }

// settings are those of the stack with another tag, or with its own if that is empty.
func (d *gitOps) settings(tag string) (*stacks.Settings, error) {
	overrides := map[string]string{}
	if tag != "" {
		overrides[programs.Prefix+"imageTag"] = tag
	}
	return stacks.ReadSettings(d.Engine.WorkDir(), d.Options.Stack, overrides)
}

// refuseToken has Argo CD read the repository by HTTPS, with a token that it does not accept.
func (d *gitOps) refuseToken(ctx context.Context) error {
	if err := d.refuse(ctx, refusal{
		name: "token", setting: programs.KeyGitToken, value: "another-" + d.token, problem: "authentication required", refused: d.repository.Refused,
		settings: map[string]string{programs.KeyGitRepository: d.repository.URL, programs.KeyGitPath: d.folder()},
	}); err != nil {
		return err
	}
	_, err := d.Cloud.Parameter(stacks.ReleaseParameter(d.Options.Stack, releasedApplication))
	d.Compare("the identity of a release, with gitPath", "there", map[bool]string{true: "there", false: "gone"}[err == nil], err != nil)
	return nil
}

// refusal is a credential that the repository does not accept.
type refusal struct {
	// name is that of its kind; setting holds value, a secret. The other settings are those of the repository.
	name, setting, value string
	settings             map[string]string
	// problem is part of Argo CD's message, refused the number of attempts that the server has refused.
	problem string
	refused func() int
}

// refuse sets such a credential: nothing may change, and Argo CD must say why.
func (d *gitOps) refuse(ctx context.Context, r refusal) error {
	before, err := d.running(ctx)
	if err != nil {
		return err
	}
	for key, value := range r.settings {
		if err := d.Engine.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	if err := d.Engine.SetSecret(ctx, r.setting, r.value); err != nil {
		return err
	}
	if _, err := d.Engine.Up(ctx, "wrong-"+strings.ReplaceAll(r.name, " ", "-"), noOptions); err != nil {
		return err
	}
	status, err := d.await(ctx, func(s *argocd.Status) bool { return strings.Contains(strings.Join(s.Problems(), " "), r.problem) })
	if err != nil {
		return err
	}
	d.Compare("Argo CD with a wrong "+r.name, "–", status.Sync.Status+", "+join(status.Problems()), status.Sync.Status == "Unknown" && r.refused() > 0)
	return d.compareChanges(ctx, before, nil, "Deployments that it changed with a wrong "+r.name)
}

// adopt sets the right token. The repository has the tags that run, so that no pod may change.
func (d *gitOps) adopt(ctx context.Context) error {
	before, err := d.running(ctx)
	if err != nil {
		return err
	}
	if err := d.Engine.SetSecret(ctx, programs.KeyGitToken, d.token); err != nil {
		return err
	}
	result, err := d.Engine.Up(ctx, "right-token", noOptions)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool {
		return c.Type == "kubernetes:core/v1:Secret" && c.Name == "argocd-repository"
	})
	d.Compare("resources that another token changes, but for its Secret", "none", join(engine.Strings(others)), len(others) == 0 && len(result.Changes) > 0)
	if err := d.synced(ctx, ""); err != nil {
		return err
	}
	return d.compareChanges(ctx, before, nil, "Deployments that Argo CD changed with the tags that run")
}

// commit brings another tag to all files. The migrations must end before the first pod changes, and nothing but images may.
func (d *gitOps) commit(ctx context.Context) error {
	before, err := d.running(ctx)
	if err != nil {
		return err
	}
	settings, err := d.settings(d.tag)
	if err != nil {
		return err
	}
	if _, err := d.edit(ctx, settings.Applications(), ":"+settings.ImageTag, ":"+committedTag); err != nil {
		return err
	}
	if err := d.synced(ctx, committedTag); err != nil {
		return err
	}
	after, err := d.settings(committedTag)
	if err != nil {
		return err
	}
	if err := d.compareChanges(ctx, before, after.Image, "Deployments of which the commit changed more than the image"); err != nil {
		return err
	}
	return d.compareHooks(ctx, after)
}

// edit commits files of applications with one text in place of another, which each must have.
func (d *gitOps) edit(ctx context.Context, applications []stacks.Application, from, to string) (commit string, err error) {
	files := map[string][]byte{}
	for _, application := range applications {
		path := d.path(application.Name + ".yaml")
		text, err := d.repository.Read(path)
		if err != nil {
			return "", fmt.Errorf("read a file of the repository: %w", err)
		}
		files[path] = bytes.ReplaceAll(text, []byte(from), []byte(to))
		if bytes.Equal(text, files[path]) {
			return "", fmt.Errorf("%s has no %q to replace", path, from)
		}
	}
	return d.repository.Commit(ctx, to, files)
}

// update deploys the program, and refreshes its state, while Argo CD runs. Neither may take an image back or disturb Argo CD.
func (d *gitOps) update(ctx context.Context) error {
	if _, err := d.Engine.Up(ctx, "after-git", engine.RunOptions{Refresh: true}); err != nil {
		return err
	}
	if err := d.Unchanged(ctx, "after-git-again", "another up beside Argo CD"); err != nil {
		return err
	}
	if err := d.compareImages(ctx, committedTag, "images of the repository that an update took back"); err != nil {
		return err
	}
	return d.synced(ctx, committedTag)
}

// failMigration commits a tag whose migrations fail, then a repaired one. No pod may change before it.
func (d *gitOps) failMigration(ctx context.Context) error {
	settings, err := d.settings(committedTag)
	if err != nil {
		return err
	}
	if _, err := d.edit(ctx, settings.Applications(), ":"+committedTag, ":"+failingTag); err != nil {
		return err
	}
	status, err := d.await(ctx, func(s *argocd.Status) bool { return s.OperationState.RetryCount > 0 })
	if err != nil {
		return err
	}
	d.Compare("Argo CD with migrations that fail", "–", status.OperationState.Message, strings.Contains(status.OperationState.Message, "Retrying"))
	if err := d.compareImages(ctx, committedTag, "images that changed without their migrations"); err != nil {
		return err
	}
	if _, err := d.edit(ctx, settings.Applications(), ":"+failingTag, ":"+repairedTag); err != nil {
		return err
	}
	if err := d.synced(ctx, repairedTag); err != nil {
		return err
	}
	return d.compareImages(ctx, repairedTag, "images that do not follow the repaired commit")
}

// breakImage commits an image whose pods never become ready.
func (d *gitOps) breakImage(ctx context.Context) error {
	settings, err := d.settings(repairedTag)
	if err != nil {
		return err
	}
	broken := slices.DeleteFunc(settings.Applications(), func(a stacks.Application) bool { return a.Name != unmigrated })
	if d.broken, err = d.edit(ctx, broken, ":"+repairedTag, ":"+brokenTag); err != nil {
		return err
	}
	status, err := d.await(ctx, func(s *argocd.Status) bool {
		return s.Sync.Revision == d.broken && s.Sync.Status == "Synced" && s.Health.Status != "Healthy" && s.OperationState.Phase == "Succeeded"
	})
	if err != nil {
		return err
	}
	deployment, err := d.client.AppsV1().Deployments(stacks.ReleaseNamespace).Get(ctx, unmigrated, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read %s: %w", unmigrated, err)
	}
	d.Compare("Argo CD with a broken image of "+unmigrated, "Synced, Healthy", status.Sync.Status+", "+status.Health.Status, status.Health.Status == "Progressing")
	ready := fmt.Sprintf("%d of %d", deployment.Status.AvailableReplicas, *deployment.Spec.Replicas)
	d.Compare("pods of "+unmigrated+" that serve meanwhile", fmt.Sprintf("%d of %[1]d", *deployment.Spec.Replicas), ready, deployment.Status.AvailableReplicas >= *deployment.Spec.Replicas)
	return nil
}

// revert takes the commit of the broken image back.
func (d *gitOps) revert(ctx context.Context) error {
	if _, err := d.repository.Revert(ctx, d.broken); err != nil {
		return err
	}
	if err := d.synced(ctx, repairedTag); err != nil {
		return err
	}
	return d.compareImages(ctx, repairedTag, "images that do not follow the revert")
}

// lose deletes a Deployment. Argo CD alone cannot make it: the repository has its image and nothing else. It must bring the image back
// once an update has made it with the first one.
func (d *gitOps) lose(ctx context.Context) error {
	d.requests.compare(d.Rehearsal)
	if err := d.client.AppsV1().Deployments(stacks.ReleaseNamespace).Delete(ctx, lostDeployment, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete %s: %w", lostDeployment, err)
	}
	status, err := d.await(ctx, func(s *argocd.Status) bool { return s.OperationState.RetryCount > 0 })
	if err != nil {
		return err
	}
	d.Compare("Argo CD without the Deployment of "+lostDeployment, "Synced", status.Sync.Status+", "+status.Health.Status, status.Sync.Status == "OutOfSync")
	if _, err := d.Engine.Up(ctx, "lost-deployment", engine.RunOptions{Refresh: true}); err != nil {
		return err
	}
	if err := d.synced(ctx, keyTag); err != nil {
		return err
	}
	return d.compareImages(ctx, keyTag, "images that do not follow the repository after "+lostDeployment+" was made anew")
}

// withoutRepository removes the settings of a repository over ssh.
func withoutRepository(ctx context.Context, r *rehearsal.Rehearsal) error {
	for _, key := range []string{programs.KeyGitRepository, programs.KeyGitPath, programs.KeyGitDeployKey, programs.KeyGitKnownHosts} {
		if err := r.Engine.RemoveConfig(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the settings of the repository, then Argo CD. The images stay.
func (d *gitOps) remove(ctx context.Context) error {
	if err := withoutRepository(ctx, d.Rehearsal); err != nil {
		return err
	}
	if _, err := d.Engine.Up(ctx, "without-git", noOptions); err != nil {
		return err
	}
	_, err := d.argoCD.Status(ctx, stacks.RootApplication)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	d.Compare("the root Application without gitPath", "there", map[bool]string{true: "there", false: "gone"}[err == nil], err != nil)
	_, err = d.Cloud.Parameter(stacks.ReleaseParameter(d.Options.Stack, releasedApplication))
	d.Compare("the identity of a release, without gitPath", "gone", map[bool]string{true: "there", false: "gone"}[err == nil], err == nil)
	if err := d.compareImages(ctx, keyTag, "images that changed without Argo CD"); err != nil {
		return err
	}
	d.argoCD.Stop()
	if err := d.argoCD.Remove(ctx); err != nil {
		return err
	}
	return d.compareLogs()
}

// secretLine is a line of the private half of an Ed25519 key, in OpenSSH's PEM.
func secretLine(text string) string { return strings.Split(text, "\n")[4] }

// compareLogs searches the token and the key of the repository in the logs of Argo CD, of Pulumi and of the API server.
func (d *gitOps) compareLogs() error {
	folder := filepath.Dir(d.Engine.Log("any"))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("find the logs: %w", err)
	}
	var found []string
	for _, entry := range entries {
		text, readErr := os.ReadFile(filepath.Join(folder, entry.Name()))
		err = errors.Join(err, readErr)
		if bytes.Contains(text, []byte(d.token)) || bytes.Contains(text, []byte(secretLine(d.overSSH.DeployKey))) {
			found = append(found, entry.Name())
		}
	}
	d.Compare("logs with the token or the key of the repository", "none", join(found), len(found) == 0 && len(entries) > 3)
	return err
}
