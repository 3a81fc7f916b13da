package apiobjects

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/internal/verify"
)

// The field managers of Pulumi's Kubernetes provider: the prefix of its own, and that of Helm inside it, which is the name of
// the plugin's program.
const (
	pulumiManager = "pulumi-kubernetes"
	helmManager   = "pulumi-resource-kubernetes"
)

// Managed lists the objects of which Pulumi owns a field.
func Managed(ctx context.Context, config *rest.Config) ([]string, error) {
	var left []string
	err := Every(ctx, config, []string{"events"}, func(kind string, object *unstructured.Unstructured) {
		if byPulumi(object) {
			left = append(left, kind+" "+verify.FullName(object))
		}
	})
	sort.Strings(left)
	return left, err
}

// Every calls visit for every object of every resource that can be listed, except for the ignored resources.
func Every(ctx context.Context, config *rest.Config, ignored []string, visit func(kind string, object *unstructured.Unstructured)) error {
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
		return fmt.Errorf("list the resources of the API server: %w", err)
	}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return fmt.Errorf("resources of %s: %w", list.GroupVersion, err)
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(kind.Verbs, "list") || slices.Contains(ignored, kind.Name) {
				continue
			}
			found, err := client.Resource(group.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return fmt.Errorf("list %s: %w", kind.Name, err)
			}
			for i := range found.Items {
				visit(kind.Kind, &found.Items[i])
			}
		}
	}
	return nil
}

func byPulumi(object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return strings.HasPrefix(entry.Manager, pulumiManager) || entry.Manager == helmManager
	})
}
