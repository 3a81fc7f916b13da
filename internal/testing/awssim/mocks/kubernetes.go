package mocks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/internal/testing/recorder"
)

// clusterScoped kinds have no namespace.
var clusterScoped = []string{
	"Namespace", "Node", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
	"PriorityClass", "IngressClass", "RuntimeClass", "CSIDriver", "CSINode", "VolumeAttachment", "APIService",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
	"ValidatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration", "CertificateSigningRequest",
	"Installation", "ImageSet", "APIServer", "GlobalNetworkPolicy", "IPPool", "FelixConfiguration",
}

// kubernetesObject is a fake of the pulumi-kubernetes provider without a cluster: it names objects and refuses a second
// one of the same name, and does nothing else.
func (b *backend) kubernetesObject(r recorder.Registration) (string, resource.PropertyMap, error) {
	if r.Read {
		return r.ID, r.Inputs.Copy(), nil
	}
	if strings.HasPrefix(r.Type, "kubernetes:helm.sh/") {
		return b.helmRelease(r)
	}
	kind, apiVersion := text(r, "kind"), text(r, "apiVersion")
	if apiVersion == "" || kind == "" {
		return "", nil, fmt.Errorf("%s %s has no apiVersion or no kind", r.Type, r.Name)
	}
	name, namespace := text(r, "metadata.name"), text(r, "metadata.namespace")
	if name == "" {
		name = generatedName(r)
	}
	isCluster := slices.Contains(clusterScoped, kind)
	if isCluster && namespace != "" {
		return "", nil, fmt.Errorf("%s %s: a %s has no namespace", r.Type, r.Name, kind)
	}
	if !isCluster && namespace == "" {
		namespace = "default"
	}
	identity := name
	if namespace != "" {
		identity = namespace + "/" + name
	}
	outputs := r.Inputs.Copy()
	outputs["metadata"] = metadata(r, name, namespace)
	if strings.HasSuffix(r.Type, "Patch") {
		return identity, outputs, nil
	}
	group, _, _ := strings.Cut(apiVersion, "/")
	if err := b.claim(r.Provider, group+"/"+kind+" "+identity); err != nil {
		return "", nil, fmt.Errorf("creating %s %s: %w", r.Type, r.Name, err)
	}
	return identity, outputs, nil
}

// metadata is the object's metadata as the API server returns it. All of it is secret if a part of the input was.
func metadata(r recorder.Registration, name, namespace string) resource.PropertyValue {
	given, _ := r.Value("metadata").(map[string]any)
	all := maps.Clone(given)
	if all == nil {
		all = map[string]any{}
	}
	all["name"], all["uid"] = name, digest("uid/"+r.URN, 16)
	if namespace != "" {
		all["namespace"] = namespace
	}
	out := resource.NewPropertyValue(all)
	if r.Inputs["metadata"].ContainsSecrets() {
		out = resource.MakeSecret(out)
	}
	return out
}

// helmRelease accepts a chart's release.
func (b *backend) helmRelease(r recorder.Registration) (string, resource.PropertyMap, error) {
	if text(r, "chart") == "" {
		return "", nil, fmt.Errorf("%s %s has no chart", r.Type, r.Name)
	}
	name, namespace := text(r, "name"), text(r, "namespace")
	if name == "" {
		name = generatedName(r)
	}
	if namespace == "" {
		namespace = "default"
	}
	if err := b.claim(r.Provider, "helm "+namespace+"/"+name); err != nil {
		return "", nil, fmt.Errorf("creating %s %s: %w", r.Type, r.Name, err)
	}
	outputs := r.Inputs.Copy()
	outputs["name"], outputs["namespace"] = resource.NewProperty(name), resource.NewProperty(namespace)
	outputs["status"] = resource.NewPropertyValue(map[string]any{
		"name": name, "namespace": namespace, "status": "deployed", "revision": 1,
	})
	return namespace + "/" + name, outputs, nil
}

// generatedName is the logical name with a suffix, as Pulumi names objects.
func generatedName(r recorder.Registration) string { return r.Name + "-" + digest(r.Type+r.Name, 4) }

func text(r recorder.Registration, path string) string {
	s, _ := r.Value(path).(string)
	return s
}

// claim takes a name in the cluster of a provider.
func (b *backend) claim(provider, identity string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := provider + " " + identity
	if b.kubernetes[key] {
		return fmt.Errorf("AlreadyExists: %s already exists", identity)
	}
	b.kubernetes[key] = true
	return nil
}
