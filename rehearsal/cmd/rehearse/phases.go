package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

// verifyTimeout is how long a deployed cluster may need to settle.
const verifyTimeout = 60 * time.Second

func (r *rehearsal) preview(ctx context.Context) error {
	_, err := r.engine.Preview(ctx, "preview")
	return err
}

func (r *rehearsal) up(ctx context.Context) error {
	result, err := r.engine.Up(ctx, "up")
	r.report.Resources.Created = result.Created
	return err
}

// verify reads the cluster back with nothing but the kubeconfig that the stack exports.
func (r *rehearsal) verify(ctx context.Context) error {
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	snapshot, left, err := verify.Wait(ctx, client, r.expected(), verifyTimeout, r.out.waiting)
	if err != nil {
		return err
	}
	left = append(left, r.checkMachines()...)
	r.describe(snapshot)
	for _, difference := range left {
		r.problem("%s", difference)
	}
	if len(left) == 0 {
		r.out.say("%d nodes Ready, %d application pods Running, each on its node, nothing Pending", len(r.report.Nodes), len(r.report.Pods))
	} else {
		r.out.say("%d differences from the design, listed at the end", len(left))
	}
	return nil
}

func (r *rehearsal) client(ctx context.Context) (kubernetes.Interface, error) {
	var kubeconfig string
	if err := r.engine.Output(ctx, stacks.OutputKubeconfig, &kubeconfig); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.kubeconfigPath(), []byte(kubeconfig), 0o600); err != nil {
		return nil, fmt.Errorf("write the kubeconfig: %w", err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig that the stack exports: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for the cluster: %w", err)
	}
	return client, nil
}

// checkMachines compares the instances that AWS has with the design.
func (r *rehearsal) checkMachines() (differences []string) {
	for _, node := range r.settings.Nodes {
		machine, err := r.cloud.Machine(node.Name)
		if err != nil {
			differences = append(differences, err.Error())
			continue
		}
		if machine.InstanceType != node.InstanceType {
			differences = append(differences, fmt.Sprintf("instance %s is a %s, the design has %s", node.Name, machine.InstanceType, node.InstanceType))
		}
		if zone := r.settings.AvailabilityZones[node.Zone]; machine.Zone != zone {
			differences = append(differences, fmt.Sprintf("instance %s is in %s, the design has %s", node.Name, machine.Zone, zone))
		}
	}
	return differences
}

// again deploys the same program a second time: nothing may change.
func (r *rehearsal) again(ctx context.Context) error {
	return r.unchanged(ctx, "second-up", "the second up")
}

// unchanged deploys a program that is deployed already.
func (r *rehearsal) unchanged(ctx context.Context, log, title string) error {
	result, err := r.engine.Up(ctx, log)
	r.report.Resources.ChangedOnSecondUp += result.Changed()
	r.report.Resources.Changes = append(r.report.Resources.Changes, words(result.Changes)...)
	if n := result.Changed(); n > 0 {
		r.problem("%s changed %d resources: %s", title, n, strings.Join(words(result.Changes), "; "))
	}
	return err
}

// unprotect lifts the deletion protection, as a person must before a destroy.
func (r *rehearsal) unprotect(ctx context.Context) error {
	if err := r.engine.SetConfig(ctx, prefix+"deletionProtection", "false"); err != nil {
		return err
	}
	result, err := r.engine.Up(ctx, "unprotect")
	r.report.Resources.ChangedToUnprotect = result.Changed()
	return err
}

// destroy deletes everything and looks for what is left: in the model of AWS, in the API server, in Pulumi's state.
func (r *rehearsal) destroy(ctx context.Context) error {
	result, err := r.engine.Destroy(ctx, "destroy")
	r.report.Resources.Deleted = result.Deleted
	if err != nil {
		return err
	}
	left, err := r.engine.Left(ctx)
	if err != nil {
		return err
	}
	for i := range left {
		left[i] = "in Pulumi's state: " + left[i]
	}
	for _, resource := range r.cloud.Left() {
		left = append(left, fmt.Sprintf("in AWS: %s %s %s", resource.Type, resource.Name, resource.ID))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, object := range r.leftInCluster {
		left = append(left, "in the API server: "+object)
	}
	if r.leftErr != nil {
		return fmt.Errorf("look for what was left in the API server: %w", r.leftErr)
	}
	sort.Strings(left)
	r.report.Resources.LeftAfterDestroy, r.report.Resources.Left = len(left), left
	if len(left) > 0 {
		r.problem("the destroy left %d things: %s", len(left), strings.Join(left, "; "))
	}
	return nil
}

func words(changes []engine.Change) (list []string) {
	for _, change := range changes {
		list = append(list, change.String())
	}
	return list
}
