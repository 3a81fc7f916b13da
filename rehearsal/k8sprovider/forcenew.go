package k8sprovider

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// replacing lists the fields whose change replaces an object instead of patching it: those that the API server lets
// nobody change (provider/diff.go, forceNew). List positions are left out: containers.image is the image of any of them.
var replacing = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "Deployment"}: {"spec.selector"},
	{Group: "apps", Kind: "DaemonSet"}:  {"spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
		"spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}:                                    {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
	{Kind: "PersistentVolumeClaim"}: {
		"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName",
	},
	{Kind: "PersistentVolume"}: {
		"spec.awsElasticBlockStore", "spec.csi", "spec.fc", "spec.hostPath", "spec.iscsi", "spec.local", "spec.nfs",
	},
	{Kind: "ResourceQuota"}: {"spec.scopes"},
	{Kind: "Secret"}:        {"type"},
	{Kind: "Service"}:       {"spec.clusterIP"},
	{Kind: "Pod"}:           podFields,
}

// podFields are those of a pod that runs: all but its containers' probes and images could be changed by no one, and the
// real provider replaces for those too.
var podFields = append(prefixed("spec",
	"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC",
	"hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy",
	"priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName",
	"securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
	"terminationGracePeriodSeconds", "volumes"),
	append(prefixed("spec.containers", containerFields...), prefixed("spec.initContainers", containerFields...)...)...)

var containerFields = []string{
	"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
	"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
	"volumeDevices", "volumeMounts", "workingDir",
}

func prefixed(prefix string, names ...string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + "." + name
	}
	return out
}

// identity is what an object is found by: changed, it is another object.
var identity = []string{"metadata.name", "metadata.namespace"}

func replacingFields(object *unstructured.Unstructured, s *settings) []string {
	kind := object.GroupVersionKind().GroupKind()
	fields := slices.Concat(identity, replacing[kind])
	immutable, _, _ := unstructured.NestedBool(object.Object, "immutable")
	switch kind {
	case schema.GroupKind{Kind: "ConfigMap"}:
		// Replaced so that its pods roll: an auto-named one gets a new name, created before the old one is deleted.
		if !s.mutableConfigMaps || immutable {
			fields = append(fields, "data", "binaryData")
		}
	case schema.GroupKind{Kind: "Secret"}:
		if !s.mutableSecrets || immutable {
			fields = append(fields, "data", "stringData")
		}
	}
	return fields
}

// replaces says whether a change at a path, where value was put in or taken out, touches one of the fields.
func replaces(path []string, value any, fields []string) bool {
	at := strings.Join(path, ".")
	for _, field := range fields {
		if at == field || strings.HasPrefix(at, field+".") {
			return true
		}
		if rest, below := strings.CutPrefix(field, at+"."); below && holds(value, strings.Split(rest, ".")) {
			return true
		}
	}
	return false
}

func holds(value any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		child, ok := value[path[0]]
		return ok && holds(child, path[1:])
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return holds(item, path) })
	}
	return false
}
