package awssim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// clusterScoped kinds have no namespace.
var clusterScoped = []string{
	"Namespace", "Node", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
	"PriorityClass", "IngressClass", "RuntimeClass", "CSIDriver", "CSINode", "VolumeAttachment", "APIService",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
	"ValidatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration", "CertificateSigningRequest",
	"Installation", "APIServer", "GlobalNetworkPolicy", "IPPool", "FelixConfiguration",
}

// kubernetesObject stands for the pulumi-kubernetes provider without a cluster: it names objects and refuses a second
// one of the same name, and nothing else.
func (m *Mocks) kubernetesObject(r Registration, id string) (string, resource.PropertyMap, error) {
	if r.Read {
		return id, r.Inputs.Copy(), nil
	}
	outputs := r.Inputs.Copy()
	if strings.HasPrefix(r.Type, "kubernetes:helm.sh/") {
		return m.helmRelease(r, outputs)
	}
	in := fromPropertyMap(r.Inputs)
	kind := in.text("kind")
	if in.text("apiVersion") == "" || kind == "" {
		return "", nil, fmt.Errorf("%s %s has no apiVersion or no kind", r.Type, r.Name)
	}
	metadata := in.block("metadata").copy()
	name, namespace := metadata.text("name"), metadata.text("namespace")
	if name == "" {
		name = r.Name + "-" + hex.EncodeToString(stream(r.Type+r.Name, 4))
	}
	isCluster := slices.Contains(clusterScoped, kind)
	if isCluster && namespace != "" {
		return "", nil, fmt.Errorf("%s %s: a %s has no namespace", r.Type, r.Name, kind)
	}
	if !isCluster && namespace == "" {
		namespace = "default"
	}
	metadata["name"], metadata["uid"] = name, hex.EncodeToString(stream("uid/"+r.URN, 16))
	identity := name
	if namespace != "" {
		metadata["namespace"], identity = namespace, namespace+"/"+name
	}
	outputs["metadata"] = toProperty(metadata)
	if r.Inputs["metadata"].ContainsSecrets() {
		outputs["metadata"] = resource.MakeSecret(outputs["metadata"])
	}
	if strings.HasSuffix(r.Type, "Patch") {
		return identity, outputs, nil
	}
	group, _, _ := strings.Cut(in.text("apiVersion"), "/")
	if err := m.claim(r.Provider, group+"/"+kind+" "+identity); err != nil {
		return "", nil, fmt.Errorf("creating %s %s: %w", r.Type, r.Name, err)
	}
	return identity, outputs, nil
}

// helmRelease accepts a chart's release.
func (m *Mocks) helmRelease(r Registration, outputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	in := fromPropertyMap(r.Inputs)
	if in.text("chart") == "" {
		return "", nil, fmt.Errorf("%s %s has no chart", r.Type, r.Name)
	}
	name, namespace := in.text("name"), in.text("namespace")
	if name == "" {
		name = r.Name + "-" + hex.EncodeToString(stream(r.Type+r.Name, 4))
	}
	if namespace == "" {
		namespace = "default"
	}
	if err := m.claim(r.Provider, "helm "+namespace+"/"+name); err != nil {
		return "", nil, fmt.Errorf("creating %s %s: %w", r.Type, r.Name, err)
	}
	outputs["name"], outputs["namespace"] = resource.NewProperty(name), resource.NewProperty(namespace)
	outputs["status"] = toProperty(values{"name": name, "namespace": namespace, "status": "deployed", "revision": 1})
	return namespace + "/" + name, outputs, nil
}

// claim takes a name in the cluster that a provider leads to.
func (m *Mocks) claim(provider, identity string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := provider + " " + identity
	if m.kubernetes[key] {
		return fmt.Errorf("AlreadyExists: %s already exists", identity)
	}
	m.kubernetes[key] = true
	return nil
}
