package verify

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// pulumiManager begins the name of every field manager that Pulumi's Kubernetes provider applies with.
const pulumiManager = "pulumi-kubernetes"

// Managed lists the objects in the API server that Pulumi still owns a field of. After a destroy there must be none, not
// even a label on a node.
func Managed(ctx context.Context, config *rest.Config) ([]string, error) {
	var left []string
	err := everyObject(ctx, config, func(kind string, object *unstructured.Unstructured) {
		if byPulumi(object) {
			left = append(left, kind+" "+fullName(object))
		}
	})
	sort.Strings(left)
	return left, err
}

// Lasting maps every object that must outlive its machines to its UID, by kind and name: what Pulumi made in the cluster,
// and the claims and volumes that StatefulSets got. Nodes and pods are not among them.
func Lasting(ctx context.Context, config *rest.Config) (map[string]types.UID, error) {
	lasting := map[string]types.UID{}
	err := everyObject(ctx, config, func(kind string, object *unstructured.Unstructured) {
		switch {
		case kind == "Node" || kind == "Pod":
		case kind == "PersistentVolumeClaim" || kind == "PersistentVolume" || byPulumi(object):
			lasting[kind+" "+fullName(object)] = object.GetUID()
		}
	})
	return lasting, err
}

// everyObject shows everything that can be listed, events left out.
func everyObject(ctx context.Context, config *rest.Config, show func(kind string, object *unstructured.Unstructured)) error {
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("client for %s: %w", config.Host, err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client for %s: %w", config.Host, err)
	}
	lists, err := disco.ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return fmt.Errorf("ask the API server for its kinds: %w", err)
	}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return fmt.Errorf("kinds of %s: %w", list.GroupVersion, err)
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(kind.Verbs, "list") || kind.Name == "events" {
				continue
			}
			found, err := client.Resource(group.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return fmt.Errorf("list %s: %w", kind.Name, err)
			}
			for i := range found.Items {
				show(kind.Kind, &found.Items[i])
			}
		}
	}
	return nil
}

func byPulumi(object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return strings.HasPrefix(entry.Manager, pulumiManager)
	})
}
