package drills

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/stacks"
)

// compare compares the cluster after the roll with that before.
func (u *upgrade) compare(ctx context.Context) error {
	u.stop()
	client, err := u.Client(ctx)
	if err != nil {
		return err
	}
	server, err := client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("read the version of the API server: %w", err)
	}
	u.Compare("API server", "v"+olderVersion, server.GitVersion, server.GitVersion == "v"+u.wanted)
	if err := u.kubelets(ctx, client); err != nil {
		return err
	}
	u.machines()
	broken, count := u.budgets.broken()
	u.Compare("PodDisruptionBudgets broken at any time", fmt.Sprintf("%d budgets", count), join(broken), count > 0 && len(broken) == 0)
	u.requests.compare(u.Rehearsal)
	lasting, err := apiobjects.Lasting(ctx, u.World.Cluster().Admin())
	if err != nil {
		return err
	}
	compareLasting(u.Rehearsal, u.lasting, lasting)
	mark, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, markName, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the mark: %w", err)
	}
	u.Compare("object created before", olderVersion, mark.Data["version"], mark.Data["version"] == olderVersion)
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
	all := len(u.Design.Nodes)
	u.Compare("kubelets", fmt.Sprintf("%d of v%s", all, olderVersion), fmt.Sprintf("%d of v%s", versions["v"+u.wanted], u.wanted),
		len(nodes.Items) == all && versions["v"+u.wanted] == all)
	return nil
}

// machines checks the order in which EC2 terminated and launched instances.
func (u *upgrade) machines() {
	names := u.Design.NodeNames()
	var surge []string
	for _, name := range names {
		surge = append(surge, stacks.SurgeName(name))
	}
	events := u.Machines.Since(u.events)
	most, replaced, order := rehearsal.Away(events, names)
	once := len(replaced) == len(names)
	for _, count := range replaced {
		once = once && count == 1
	}
	first := ""
	if len(order) > 0 {
		first = order[0]
	}
	u.Compare("instances down at once, at most", 0, most, most == 1)
	u.Compare("instances replaced, each once", 0, len(order), once && len(order) == len(names))
	u.Compare("first instance replaced", "–", first, first == u.Design.ControlPlane)
	_, gone, _ := rehearsal.Away(events, surge)
	left := 0
	for _, name := range surge {
		if _, err := u.Cloud.Machine(name); err == nil {
			left++
		}
	}
	u.Compare("surge instances left", fmt.Sprintf("%d launched and terminated", len(gone)), left, left == 0 && len(gone) > 0)
}

// compareLasting compares the objects that must outlive instances, by UID.
func compareLasting(r *rehearsal.Rehearsal, before, after apiobjects.Inventory) {
	lost := before.Missing(after)
	r.Compare("lasting objects that are the same", len(before), len(before)-len(lost), len(lost) == 0 && len(before) > 0)
	if len(lost) > 0 {
		r.Problem("lost or created anew: %s", strings.Join(lost, ", "))
	}
}
