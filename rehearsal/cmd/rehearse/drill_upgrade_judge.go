package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

// judge compares the cluster after the roll with what it was before.
func (u *upgrade) judge(ctx context.Context) error {
	r := u.r
	u.stop()
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	server, err := client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	r.compare("API server", "v"+olderVersion, server.GitVersion, server.GitVersion == "v"+u.wanted)
	if err := u.kubelets(ctx, client); err != nil {
		return err
	}
	u.machines()
	broken, count := u.budgets.broken()
	r.compare("PodDisruptionBudgets broken at any time", fmt.Sprintf("%d budgets", count), text(broken), count > 0 && len(broken) == 0)
	lasting, err := verify.Lasting(ctx, r.world.Cluster().Admin())
	if err != nil {
		return err
	}
	r.compareLasting(u.lasting, lasting)
	mark, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "before-the-upgrade", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("find the mark again: %w", err)
	}
	r.compare("a mark made before", olderVersion, mark.Data["version"], mark.Data["version"] == olderVersion)
	return client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Delete(ctx, mark.Name, metav1.DeleteOptions{})
}

func (u *upgrade) kubelets(ctx context.Context, client kubernetes.Interface) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	versions := map[string]int{}
	for i := range nodes.Items {
		versions[nodes.Items[i].Status.NodeInfo.KubeletVersion]++
	}
	all := len(u.r.settings.Nodes)
	u.r.compare("kubelets", fmt.Sprintf("%d of v%s", all, olderVersion), fmt.Sprintf("%d of v%s", versions["v"+u.wanted], u.wanted),
		len(nodes.Items) == all && versions["v"+u.wanted] == all)
	return nil
}

// machines judges the order in which EC2 was told to terminate and launch.
func (u *upgrade) machines() {
	names := make([]string, 0, len(u.r.settings.Nodes))
	temporary := []string{}
	for _, node := range u.r.settings.Nodes {
		names = append(names, node.Name)
		temporary = append(temporary, stacks.SurgeName(node.Name))
	}
	events := u.r.machines.since(u.events)
	most, replaced, order := away(events, names)
	once := len(replaced) == len(names)
	for _, count := range replaced {
		once = once && count == 1
	}
	first := ""
	if len(order) > 0 {
		first = order[0]
	}
	u.r.compare("machines away at once, at most", 0, most, most == 1)
	u.r.compare("machines replaced, each once", 0, len(order), once && len(order) == len(names))
	u.r.compare("the first machine replaced", "–", first, first == stacks.ControlPlane(u.r.settings.Nodes).Name)
	_, gone, _ := away(events, temporary)
	left := 0
	for _, name := range temporary {
		if _, err := u.r.cloud.Machine(name); err == nil {
			left++
		}
	}
	u.r.compare("temporary machines left", fmt.Sprintf("%d came and went", len(gone)), left, left == 0 && len(gone) > 0)
}

// compareLasting compares what must outlive machines, object by object.
func (r *rehearsal) compareLasting(before, after map[string]types.UID) {
	var lost []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] != before[name] {
			lost = append(lost, name)
		}
	}
	r.compare("objects that are still the same", len(before), len(before)-len(lost), len(lost) == 0 && len(before) > 0)
	if len(lost) > 0 {
		r.problem("lost or made anew: %s", strings.Join(lost, ", "))
	}
}

// text lists what was found, or says that there is nothing.
func text(found []string) string {
	if len(found) == 0 {
		return "none"
	}
	return strings.Join(found, "; ")
}
