package verify

import (
	"context"
	"fmt"
	"slices"
	"sort"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Inventory is the identity of every object in an API server that is meant to last, by kind and full name.
type Inventory map[string]types.UID

// passing are the resources whose objects come and go by themselves.
var passing = []string{"events", "leases", "endpoints", "endpointslices", "certificatesigningrequests", "ipaddresses", "controllerrevisions", "componentstatuses"}

// TakeInventory lists all objects of all kinds. Secrets with bootstrap tokens end by themselves and are left out.
func TakeInventory(ctx context.Context, config *rest.Config) (Inventory, error) {
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", config.Host, err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", config.Host, err)
	}
	lists, err := disco.ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fmt.Errorf("ask the API server for its kinds: %w", err)
	}
	inventory := Inventory{}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("kinds of %s: %w", list.GroupVersion, err)
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(kind.Verbs, "list") || slices.Contains(passing, kind.Name) {
				continue
			}
			found, err := client.Resource(group.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", kind.Name, err)
			}
			for i := range found.Items {
				object := &found.Items[i]
				if secretType, _ := object.Object["type"].(string); secretType != "bootstrap.kubernetes.io/token" {
					inventory[kind.Kind+" "+fullName(object)] = object.GetUID()
				}
			}
		}
	}
	return inventory, nil
}

// Missing are the objects of the inventory that a later one lacks or has under another identity.
func (v Inventory) Missing(later Inventory) []string {
	var missing []string
	for name, uid := range v {
		switch other, found := later[name]; {
		case !found:
			missing = append(missing, name)
		case other != uid:
			missing = append(missing, name+" (made anew)")
		}
	}
	sort.Strings(missing)
	return missing
}
