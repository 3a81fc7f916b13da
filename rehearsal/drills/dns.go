package drills

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// resolvers lists the zones of the ready endpoints of the cluster's DNS, sorted, without those on the given node.
func resolvers(ctx context.Context, client kubernetes.Interface, without string) ([]string, error) {
	slicesOf, err := client.DiscoveryV1().EndpointSlices(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=kube-dns",
	})
	if err != nil {
		return nil, fmt.Errorf("list the endpoints of the cluster's DNS: %w", err)
	}
	var zones []string
	for i := range slicesOf.Items {
		for _, endpoint := range slicesOf.Items[i].Endpoints {
			if endpoint.NodeName == nil || *endpoint.NodeName == without || endpoint.Conditions.Ready == nil || !*endpoint.Conditions.Ready {
				continue
			}
			node, err := client.CoreV1().Nodes().Get(ctx, *endpoint.NodeName, metav1.GetOptions{})
			if err != nil {
				return nil, fmt.Errorf("read the node of an endpoint: %w", err)
			}
			zones = append(zones, node.Labels[corev1.LabelTopologyZone])
		}
	}
	slices.Sort(zones)
	return zones, nil
}

// compareResolvers checks that every name resolves while the control plane is away: a replica in each zone, none of them on its
// node, since nodes go on sending queries to a replica that no API server takes out of the service.
func (l *loss) compareResolvers(ctx context.Context, when string) error {
	client, err := l.Client(ctx)
	if err != nil {
		return err
	}
	all, err := resolvers(ctx, client, "")
	if err != nil {
		return err
	}
	left, err := resolvers(ctx, client, l.Design.ControlPlane)
	if err != nil {
		return err
	}
	distinct := len(slices.Compact(slices.Clone(all))) == len(all)
	l.Compare("zones that resolve names "+when+", and without "+l.Design.ControlPlane, strings.Join(all, ", "), strings.Join(left, ", "),
		len(all) == 3 && distinct && slices.Equal(all, left))
	return nil
}
