package apiobjects

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/growbin/cluster/internal/verify"
)

// strictManager applies nothing: it only runs dry.
const strictManager = "rehearsal-strict"

// Strict applies each object once more, as a dry run with strict validation, and reports those that the API server
// refuses. pulumi-kubernetes validates with warnings, which it drops, so that a misspelled field can look deployed.
func Strict(ctx context.Context, config *rest.Config, objects []map[string]any) ([]string, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the API server of a rehearsal has no other client to protect
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", config.Host, err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", config.Host, err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
	var refused []string
	for _, object := range objects {
		err := dryRun(ctx, client, mapper, &unstructured.Unstructured{Object: object})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			refused = append(refused, err.Error())
		}
	}
	return refused, nil
}

func dryRun(ctx context.Context, client dynamic.Interface, mapper meta.RESTMapper, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind.Kind, object.GetName(), err)
	}
	var to dynamic.ResourceInterface = client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		to = client.Resource(mapping.Resource).Namespace(namespace)
	}
	body, err := json.Marshal(object.Object)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind.Kind, object.GetName(), err)
	}
	force := true
	_, err = to.Patch(ctx, object.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{
		FieldManager: strictManager, Force: &force, FieldValidation: metav1.FieldValidationStrict, DryRun: []string{metav1.DryRunAll},
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind.Kind, verify.FullName(object), err)
	}
	return nil
}
