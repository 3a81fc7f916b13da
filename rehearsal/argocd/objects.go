package argocd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	group   = "argoproj.io"
	version = "v1alpha1"
	// servedTimeout is the time in which the API server must serve a new kind.
	servedTimeout = 30 * time.Second
	pollInterval  = 200 * time.Millisecond
	manager       = "rehearsal"
)

var (
	definitions  = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	applications = schema.GroupVersionResource{Group: group, Version: version, Resource: "applications"}
	secrets      = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	projects     = schema.GroupVersionResource{Group: group, Version: version, Resource: "appprojects"}
)

// clusterWide are the kinds of the manifest that are taken and have no namespace, namespaced the others that are taken. The processes
// stand in for its Deployments and its StatefulSet.
var (
	clusterWide = []string{"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
	namespaced  = []string{"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret"}
)

// object is an installed object.
type object struct {
	resource  schema.GroupVersionResource
	namespace string
	name      string
}

func (a *ArgoCD) to(o object) dynamic.ResourceInterface {
	if o.namespace == "" {
		return a.client.Resource(o.resource)
	}
	return a.client.Resource(o.resource).Namespace(o.namespace)
}

// install applies the objects of the manifest, unless the chart did so, and what argocd-server would make: a key and the project.
func (a *ArgoCD) install(ctx context.Context) error {
	_, err := a.client.Resource(definitions).Get(ctx, applications.GroupResource().String(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		if err := a.applyManifest(ctx); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("look for the kinds of Argo CD: %w", err)
	}
	key := fmt.Appendf(nil, `{"stringData":{"server.secretkey":%q}}`, rand.Text())
	if _, err := a.to(object{secrets, a.options.Namespace, ""}).Patch(ctx, "argocd-secret", types.MergePatchType, key, metav1.PatchOptions{FieldManager: manager}); err != nil {
		return fmt.Errorf("make the key of Argo CD: %w", err)
	}
	project := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/" + version, "kind": "AppProject", "metadata": map[string]any{"name": "default", "namespace": a.options.Namespace},
		"spec": map[string]any{
			"sourceRepos": []any{"*"}, "destinations": []any{map[string]any{"server": "*", "namespace": "*"}},
			"clusterResourceWhitelist": []any{map[string]any{"group": "*", "kind": "*"}},
		},
	}}
	err = wait.PollUntilContextTimeout(ctx, pollInterval, servedTimeout, true, func(ctx context.Context) (bool, error) {
		err := a.apply(ctx, object{projects, a.options.Namespace, project.GetName()}, project)
		if apierrors.IsNotFound(err) { // its kind is not served yet
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("make the project of Argo CD within %s: %w", servedTimeout, err)
	}
	return nil
}

func (a *ArgoCD) applyManifest(ctx context.Context) error {
	file, err := os.Open(a.options.Manifest)
	if err != nil {
		return fmt.Errorf("read the installation of Argo CD: %w", err)
	}
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		next := &unstructured.Unstructured{}
		if err := decoder.Decode(&next.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read %s: %w", a.options.Manifest, err)
		}
		kind := next.GroupVersionKind()
		resource, _ := meta.UnsafeGuessKindToResource(kind)
		switch {
		case slices.Contains(namespaced, kind.Kind):
			next.SetNamespace(a.options.Namespace)
		case !slices.Contains(clusterWide, kind.Kind):
			continue
		}
		if err := a.apply(ctx, object{resource, next.GetNamespace(), next.GetName()}, next); err != nil {
			return err
		}
	}
}

func (a *ArgoCD) apply(ctx context.Context, o object, content *unstructured.Unstructured) error {
	if _, err := a.to(o).Apply(ctx, o.name, content, metav1.ApplyOptions{FieldManager: manager}); err != nil {
		return fmt.Errorf("install %s %s: %w", o.resource.Resource, o.name, err)
	}
	a.installed = append(a.installed, o)
	return nil
}

// Remove deletes the objects that Start installed, the latest first, and with their kinds all Applications. It returns once they are gone.
func (a *ArgoCD) Remove(ctx context.Context) error {
	for _, o := range slices.Backward(a.installed) {
		if err := a.to(o).Delete(ctx, o.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s %s: %w", o.resource.Resource, o.name, err)
		}
		err := wait.PollUntilContextTimeout(ctx, pollInterval, servedTimeout, true, func(ctx context.Context) (bool, error) {
			_, err := a.to(o).Get(ctx, o.name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return true, nil
			}
			return false, err
		})
		if err != nil {
			return fmt.Errorf("%s %s is not deleted after %s: %w", o.resource.Resource, o.name, servedTimeout, err)
		}
	}
	a.installed = nil
	return nil
}

// kubeconfig has the rights of the controller's pod.
func (a *ArgoCD) kubeconfig(ctx context.Context) ([]byte, error) {
	client, err := kubernetes.NewForConfig(a.options.Config)
	if err != nil {
		return nil, fmt.Errorf("client for Argo CD: %w", err)
	}
	token, err := client.CoreV1().ServiceAccounts(a.options.Namespace).CreateToken(ctx, controller, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("a token of service account %s: %w", controller, err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[controller] = &clientcmdapi.Cluster{
		Server: a.options.Config.Host, TLSServerName: a.options.Config.ServerName, CertificateAuthorityData: a.options.Config.CAData,
	}
	config.AuthInfos[controller] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts[controller] = &clientcmdapi.Context{Cluster: controller, AuthInfo: controller, Namespace: a.options.Namespace}
	config.CurrentContext = controller
	return clientcmd.Write(*config)
}
