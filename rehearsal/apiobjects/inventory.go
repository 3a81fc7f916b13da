// Package apiobjects lists and checks all objects of an API server.
package apiobjects

import (
	"context"
	"sort"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/internal/verify"
)

// Inventory maps objects of an API server, by kind and full name, to their UIDs.
type Inventory map[string]types.UID

// passing are the resources whose objects Kubernetes creates and deletes by itself.
var passing = []string{"events", "leases", "endpoints", "endpointslices", "certificatesigningrequests", "ipaddresses", "controllerrevisions", "componentstatuses"}

// TakeInventory lists all objects of all kinds. Secrets with bootstrap tokens expire and are left out.
func TakeInventory(ctx context.Context, config *rest.Config) (Inventory, error) {
	inventory := Inventory{}
	err := Every(ctx, config, passing, func(kind string, object *unstructured.Unstructured) {
		if secretType, _ := object.Object["type"].(string); secretType != "bootstrap.kubernetes.io/token" {
			inventory[kind+" "+verify.FullName(object)] = object.GetUID()
		}
	})
	return inventory, err
}

// Lasting lists the objects that must outlive their instances: those that Pulumi created in the cluster, and the claims and
// volumes of StatefulSets. Nodes and pods are not among them.
func Lasting(ctx context.Context, config *rest.Config) (Inventory, error) {
	lasting := Inventory{}
	err := Every(ctx, config, []string{"events"}, func(kind string, object *unstructured.Unstructured) {
		switch {
		case kind == "Node" || kind == "Pod":
		case kind == "PersistentVolumeClaim" || kind == "PersistentVolume" || byPulumi(object):
			lasting[kind+" "+verify.FullName(object)] = object.GetUID()
		}
	})
	return lasting, err
}

// Missing lists the objects that a later inventory lacks or has with another UID.
func (v Inventory) Missing(later Inventory) []string {
	var missing []string
	for name, uid := range v {
		switch other, found := later[name]; {
		case !found:
			missing = append(missing, name)
		case other != uid:
			missing = append(missing, name+" (created anew)")
		}
	}
	sort.Strings(missing)
	return missing
}
