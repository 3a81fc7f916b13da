package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/report"
)

// verifyTimeout bounds how long a deployed cluster may take to settle.
const verifyTimeout = 60 * time.Second

// Phase is one step of a rehearsal.
type Phase struct {
	Name string
	Do   func(context.Context) error
}

func (r *Rehearsal) preview(ctx context.Context) error {
	_, err := r.Engine.Preview(ctx, "preview", engine.RunOptions{})
	return err
}

func (r *Rehearsal) up(ctx context.Context) error {
	result, err := r.Engine.Up(ctx, "up", engine.RunOptions{})
	r.report.Resources.Created = result.Created
	if err != nil {
		return err
	}
	path, err := r.Engine.CriticalPath(ctx, awssim.MinimalWait)
	for _, wait := range path {
		r.report.CriticalPath = append(r.report.CriticalPath, report.Wait{Resource: wait.Name, Seconds: wait.Time.Seconds()})
	}
	return err
}

// Verify reads the cluster back with nothing but the kubeconfig that the stack exports, and compares it with the design.
func (r *Rehearsal) Verify(ctx context.Context) error {
	client, err := r.Client(ctx)
	if err != nil {
		return err
	}
	snapshot, left, err := verify.Wait(ctx, client, r.Design.expected(), verifyTimeout, r.Console.waiting)
	if err != nil {
		return err
	}
	left = append(left, r.checkInstances()...)
	refused, err := r.checkFields(ctx)
	if err != nil {
		return err
	}
	left = append(left, refused...)
	unanswered, err := r.checkTraffic(ctx, snapshot)
	if err != nil {
		return err
	}
	left = append(left, unanswered...)
	mistaken, err := r.checkPodIdentities(ctx, client)
	if err != nil {
		return err
	}
	left = append(left, mistaken...)
	taken, err := r.checkQuotas(ctx, client)
	if err != nil {
		return err
	}
	left = append(left, taken...)
	r.describe(snapshot)
	for _, difference := range left {
		r.Problem("%s", difference)
	}
	if len(left) == 0 {
		r.Console.Logf("%d nodes Ready, %d application pods Running, each on its node, none Pending", len(r.report.Nodes), len(r.report.Pods))
	} else {
		r.Console.Logf("%d differences from the design, listed at the end", len(left))
	}
	return nil
}

// RESTConfig reads the kubeconfig that the stack exports, and writes it to KubeconfigPath.
func (r *Rehearsal) RESTConfig(ctx context.Context) (*rest.Config, error) {
	var kubeconfig string
	if err := r.Engine.Output(ctx, r.Options.Program.KubeconfigOutput, &kubeconfig); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.KubeconfigPath(), []byte(kubeconfig), 0o600); err != nil {
		return nil, fmt.Errorf("write the kubeconfig: %w", err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig that the stack exports: %w", err)
	}
	return config, nil
}

// Client connects to the cluster with the kubeconfig that the stack exports.
func (r *Rehearsal) Client(ctx context.Context) (kubernetes.Interface, error) {
	config, err := r.RESTConfig(ctx)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for the cluster: %w", err)
	}
	return client, nil
}

// checkInstances compares the instances in AWS with the design.
func (r *Rehearsal) checkInstances() (differences []string) {
	for _, node := range r.Design.Nodes {
		machine, err := r.Cloud.Machine(node.Name)
		if err != nil {
			differences = append(differences, err.Error())
			continue
		}
		if machine.InstanceType != node.InstanceType {
			differences = append(differences, fmt.Sprintf("instance %s has type %s, must be %s", node.Name, machine.InstanceType, node.InstanceType))
		}
		if machine.Zone != node.Zone {
			differences = append(differences, fmt.Sprintf("instance %s is in zone %s, must be %s", node.Name, machine.Zone, node.Zone))
		}
	}
	return differences
}

// checkFields has the API server validate every object of the stack strictly.
func (r *Rehearsal) checkFields(ctx context.Context) ([]string, error) {
	objects, err := r.Engine.KubernetesObjects(ctx)
	if err != nil {
		return nil, err
	}
	return apiobjects.Strict(ctx, r.World.Cluster().Admin(), objects)
}

// refusedEdits previews settings that a live stack cannot change: each must be refused by name. The second up proves that nothing
// was changed.
func (r *Rehearsal) refusedEdits(ctx context.Context) error {
	if r.Options.Program.Refused == nil {
		return nil
	}
	before, err := loadConfig(filepath.Join(r.Options.Root, filepath.FromSlash(r.Options.Program.Folder)), r.Options.Stack, r.config)
	if err != nil {
		return err
	}
	edits := r.Options.Program.Refused(before)
	resources := len(r.Cloud.Resources())
	for key, value := range edits {
		if err := r.Engine.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	_, refusal := r.Engine.Preview(ctx, "refused-edits", engine.RunOptions{})
	for _, key := range slices.Sorted(maps.Keys(edits)) {
		if refusal == nil || !strings.Contains(refusal.Error(), key+": ") {
			r.Problem("a preview with %s edited to %s must refuse it by name: %v", key, edits[key], refusal)
		}
		if err := r.Engine.SetConfig(ctx, key, before[key]); err != nil {
			return err
		}
	}
	if now := len(r.Cloud.Resources()); now != resources {
		r.Problem("a refused preview changed the number of resources in AWS from %d to %d", resources, now)
	}
	return nil
}

// previewAsPreviewer previews the running stack with the rights of the program's previewer alone: in AWS those of its policy, and at
// the API server those of the kubeconfig that it may read. It must see that nothing changes but that kubeconfig.
func (r *Rehearsal) previewAsPreviewer(ctx context.Context) error {
	if r.Options.Program.Previewer == nil {
		return nil
	}
	role, policy, err := r.Options.Program.Previewer(r.Options.Root, r.Options.Stack, r.Cloud.AccountID())
	if err != nil {
		return err
	}
	if err := r.Cloud.Assume(role, policy); err != nil {
		return fmt.Errorf("assume role %s: %w", role, err)
	}
	defer r.Cloud.Leave()
	result, err := r.Engine.Preview(ctx, "preview-as-previewer", engine.RunOptions{})
	changes := slices.DeleteFunc(engine.Strings(result.Changes), func(change string) bool {
		return strings.HasPrefix(change, "update pulumi:providers:kubernetes ") && strings.HasSuffix(change, " (kubeconfig)")
	})
	if len(changes) > 0 {
		r.Problem("the previewer sees changes where there are none: %s", strings.Join(changes, "; "))
	}
	return err
}

// secondUp deploys the same program a second time: nothing may change.
func (r *Rehearsal) secondUp(ctx context.Context) error {
	return r.Unchanged(ctx, "second-up", "the second up")
}

// Unchanged deploys a program that is deployed already: nothing may change.
func (r *Rehearsal) Unchanged(ctx context.Context, log, title string) error {
	result, err := r.Engine.Up(ctx, log, engine.RunOptions{})
	changes := engine.Strings(result.Changes)
	r.report.Resources.ChangedOnSecondUp += result.Changed()
	r.report.Resources.Changes = append(r.report.Resources.Changes, changes...)
	if n := result.Changed(); n > 0 {
		r.Problem("%s changed %d resources: %s", title, n, strings.Join(changes, "; "))
	}
	return err
}

// unprotect lifts the deletion protection, as a person must before a destroy.
func (r *Rehearsal) unprotect(ctx context.Context) error {
	for key, value := range r.Options.Program.Unprotect {
		if err := r.Engine.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	result, err := r.Engine.Up(ctx, "unprotect", engine.RunOptions{})
	r.report.Resources.ChangedToUnprotect = result.Changed()
	return err
}

// destroy deletes everything. Nothing may be left in the simulated AWS or Pulumi's state. Objects end with their cluster.
func (r *Rehearsal) destroy(ctx context.Context) error {
	result, err := r.Engine.Destroy(ctx, "destroy")
	r.report.Resources.Deleted = result.Deleted
	if err != nil {
		return err
	}
	left, err := r.Engine.Left(ctx)
	if err != nil {
		return err
	}
	for i := range left {
		left[i] = "in Pulumi's state: " + left[i]
	}
	for _, resource := range r.Cloud.Left() {
		left = append(left, fmt.Sprintf("in AWS: %s %s %s", resource.Type, resource.Name, resource.ID))
	}
	sort.Strings(left)
	r.report.Resources.LeftAfterDestroy, r.report.Resources.Left = len(left), left
	if len(left) > 0 {
		r.Problem("the destroy left %d resources: %s", len(left), strings.Join(left, "; "))
	}
	return nil
}
