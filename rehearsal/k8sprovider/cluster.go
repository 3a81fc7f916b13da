package k8sprovider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// cluster is the API server behind a kubeconfig.
type cluster struct {
	namespace string
	client    dynamic.Interface

	mu     sync.Mutex
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func connect(ctx context.Context, config *api.Config, s *settings) (*cluster, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: s.context,
		Context:        api.Context{Cluster: s.clusterName, Namespace: s.namespace},
	}
	loaded := clientcmd.NewDefaultClientConfig(*config, overrides)
	restConfig, err := loaded.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig: %w", err)
	}
	namespace, _, err := loaded.Namespace()
	if err != nil {
		return nil, fmt.Errorf("default namespace of the kubeconfig: %w", err)
	}
	// The server of a rehearsal is on this machine and has nobody else to protect.
	restConfig.QPS = -1
	restConfig.UserAgent = "rehearsal-stand-in-for-pulumi-kubernetes/" + Version
	restConfig.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(restConfig)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", restConfig.Host, err)
	}
	asked := rest.CopyConfig(restConfig)
	asked.Timeout = versionTimeout
	disco, err := discovery.NewDiscoveryClientForConfig(asked)
	if err != nil {
		return nil, fmt.Errorf("discovery client for %s: %w", restConfig.Host, err)
	}
	if _, err := disco.RESTClient().Get().AbsPath("/version").DoRaw(ctx); err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", restConfig.Host, err)
	}
	return &cluster{
		namespace: namespace,
		client:    client,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco)),
	}, nil
}

// mapping finds the resource behind a kind, asking the server again when the kind is new to it.
func (c *cluster) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("kind %s on the API server: %w", gvk, err)
	}
	return mapping, nil
}

// namespaced says whether a kind lives in namespaces. An unknown one may be a custom resource whose definition is still
// to come, and is taken for namespaced, as the real plugin does.
func (c *cluster) namespaced(gvk schema.GroupVersionKind) bool {
	mapping, err := c.mapping(gvk)
	return err != nil || mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

func (c *cluster) knows(gvk schema.GroupVersionKind) bool {
	_, err := c.mapping(gvk)
	return err == nil
}

// resource is the client for an object's kind and namespace.
func (c *cluster) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	all := c.client.Resource(mapping.Resource)
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return all, nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = c.namespace
	}
	return all.Namespace(namespace), nil
}

func (c *cluster) get(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := c.resource(object)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, object.GetName(), metav1.GetOptions{})
}

// noMatch looks through wrapping: meta.IsNoMatchError does not.
func noMatch(err error) bool {
	var kind *meta.NoKindMatchError
	var res *meta.NoResourceMatchError
	return errors.As(err, &kind) || errors.As(err, &res)
}

// forget drops what is known of the server's kinds, after a new one was defined.
func (c *cluster) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mapper.Reset()
}
