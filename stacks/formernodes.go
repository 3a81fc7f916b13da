package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/noderole"
	"github.com/growbin/cluster/internal/roll"
)

// connect returns a client of the cluster. Tests replace it.
var connect = func(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	return kubernetes.NewForConfig(config)
}

// removeFormerNodes drains the nodes whose row was removed or renamed, and deletes their Node objects. It runs once all nodes of
// the table have joined and the applications are updated, since their pods may have to be spread over other nodes, and before the
// engine deletes the instances. The result lists the nodes.
func removeFormerNodes(ctx *pulumi.Context, s *Settings, i *infrastructure, p *platform) pulumi.StringArrayOutput {
	var table []string
	for _, node := range s.nodesWithSurge() {
		table = append(table, node.Name)
	}
	after := []any{i.Kubeconfig, p.Joined()}
	if !ctx.DryRun() { // a preview does not know all of them
		after = append(after, p.deployed...)
	}
	former := pulumi.All(after...).ApplyT(func(all []any) ([]string, error) {
		client, err := connect(all[0].(string))
		if err != nil {
			return nil, err
		}
		former, err := formerNodes(ctx.Context(), client, table)
		if ctx.DryRun() {
			if err == nil && len(former) > 0 {
				_ = ctx.Log.Warn(strings.Join(former, ", ")+": not in the program any more: the update drains them and deletes their instances", nil)
			}
			return former, nil // a preview needs no cluster
		}
		if err != nil {
			return nil, err
		}
		for _, name := range former {
			logf := func(format string, args ...any) { _ = ctx.Log.Info(fmt.Sprintf(format, args...), nil) }
			if err := roll.Remove(ctx.Context(), client, name, roll.Options{Logf: logf}); err != nil {
				return nil, fmt.Errorf("remove node %s: %w", name, err)
			}
		}
		return former, nil
	}).(pulumi.StringArrayOutput)
	// The names are none of the kubeconfig's secrets.
	return pulumi.Unsecret(former).(pulumi.StringArrayOutput)
}

// formerNodes lists the nodes that this program once gave a role, and that are not in the table.
func formerNodes(ctx context.Context, client kubernetes.Interface, table []string) ([]string, error) {
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	names := []string{}
	for i := range list.Items {
		node := &list.Items[i]
		if _, ours := node.Annotations[noderole.InstanceAnnotation]; ours && !slices.Contains(table, node.Name) {
			names = append(names, node.Name)
		}
	}
	return names, nil
}
