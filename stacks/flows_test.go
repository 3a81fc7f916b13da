package stacks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/np-guard/netpol-analyzer/pkg/netpol/eval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	anyAddress      = "203.0.113.9"
	metadataAddress = "169.254.169.254"
	nodeAddress     = "10.1.2.50"
	apiAddress      = "10.1.1.10"
	overlayAddress  = "192.168.200.9"
)

// reachable is every connection that the policies allow, by source. A destination is a pod or an address.
var reachable = map[string]string{
	"waste-api":          "postgresql:5432 rabbitmq:5672 redis-cache:6379 redis-durable:6379 internet:443 dns:53",
	"chat-llm-api":       "postgresql:5432 redis-durable:6379 internet:443 dns:53",
	"auth-api":           "postgresql:5432 redis-durable:6379 dns:53",
	"userinfo-api":       "postgresql:5432 redis-durable:6379 dns:53",
	"location-api":       "postgresql:5432 redis-cache:6379 internet:443 dns:53",
	"recycle-info-api":   "postgresql:5432 redis-cache:6379 dns:53",
	"image-uploader":     "postgresql:5432 rabbitmq:5672 redis-cache:6379 redis-durable:6379 internet:443 dns:53",
	"rule-retriever":     "postgresql:5432 rabbitmq:5672 redis-cache:6379 redis-durable:6379 dns:53",
	"task-scheduler":     "postgresql:5432 rabbitmq:5672 redis-cache:6379 redis-durable:6379 dns:53",
	"gpt5-analyzer":      "postgresql:5432 rabbitmq:5672 redis-cache:6379 redis-durable:6379 internet:443 dns:53",
	"response-generator": "postgresql:5432 rabbitmq:5672 redis-durable:6379 internet:443 dns:53",

	"migrate-growbin":   "postgresql:5432 dns:53",
	"migrate-auth":      "postgresql:5432 dns:53",
	"migrate-analytics": "postgresql:5432 dns:53",
	"rabbitmq":          "dns:53",
	"postgresql":        "dns:53",
	"postgresql-backup": "postgresql:5432 internet:443 dns:53",
	"redis-cache":       "dns:53",
	"redis-durable":     "dns:53",

	"prometheus": "rabbitmq:15692 postgresql:9187 redis-cache:9121 redis-durable:9121 celery-exporter:9808 alertmanager:9093 grafana:3000 " +
		"kube-state-metrics:8080 waste-api:8000 chat-llm-api:8000 auth-api:8000 userinfo-api:8000 location-api:8000 recycle-info-api:8000 " +
		"node:9100 node:10250 api-server:6443 api-server:9100 api-server:10250 dns:53",
	"grafana":            "prometheus:9090 dns:53",
	"alertmanager":       "internet:443 internet:22 internet:80 internet:6443 dns:53",
	"kube-state-metrics": "api-server:6443 dns:53",
	"celery-exporter":    "rabbitmq:5672 dns:53",

	"argocd-server":                    "argocd-repo-server:8081 argocd-redis:6379 api-server:6443 dns:53",
	"argocd-application-controller":    "argocd-repo-server:8081 argocd-redis:6379 api-server:6443 dns:53",
	"argocd-applicationset-controller": "argocd-repo-server:8081 api-server:6443 dns:53",
	"argocd-repo-server":               "argocd-redis:6379 internet:22 internet:443 api-server:6443 dns:53",
	"argocd-redis":                     "api-server:6443 dns:53",

	// A pod of another namespace, without a policy of its own, and the nodes: users' requests come by them.
	"stranger": "stranger-2:8000 internet:22 internet:80 internet:443 internet:6443 metadata:80 node:22 node:80 node:443 node:9100 node:10250 node:6443 " +
		"api-server:22 api-server:80 api-server:443 api-server:9100 api-server:10250 api-server:6443 dns:53",
}

// TestNetworkPolicies_EveryPair asks an independent engine about every pair of pods, and addresses, on every port that
// anything listens on.
func TestNetworkPolicies_EveryPair(t *testing.T) {
	engine, pods := policyEngine(t, nil)
	ports := []string{"22", "53", "80", "443", "3000", "5432", "5672", "6379", "6443", "8000", "8080", "8081", "9090", "9093", "9100", "9121", "9187", "9808", "10250", "15692"}
	addresses := map[string]string{"internet": anyAddress, "metadata": metadataAddress, "node": nodeAddress, "api-server": apiAddress}
	for source, want := range reachable {
		require.Contains(t, pods, source)
		expected := strings.Fields(want)
		slices.Sort(expected)
		var got []string
		ask := func(name, destination string) {
			for _, port := range ports {
				allowed, err := engine.CheckIfAllowed(pods[source], destination, "TCP", port)
				require.NoError(t, err)
				if allowed {
					got = append(got, name+":"+port)
				}
			}
		}
		for name, pod := range pods {
			if name != source {
				ask(name, pod)
			}
		}
		for name, address := range addresses {
			ask(name, address)
		}
		// A pod without a policy may send to every port; the stranger's list names those that something listens on.
		if source == "stranger" {
			got = slices.DeleteFunc(got, func(to string) bool { return !slices.Contains(expected, to) && free(to) })
		}
		// To any port is spelled out for the receiver of alerts alone.
		if source == "alertmanager" {
			got = slices.DeleteFunc(got, func(to string) bool { return !slices.Contains(expected, to) && strings.HasPrefix(to, "internet:") })
		}
		slices.Sort(got)
		assert.Equal(t, expected, got, source)
	}
	for name := range pods {
		if name != "dns" && name != "stranger-2" {
			assert.Contains(t, reachable, name, "every pod has its line")
		}
	}
}

// free reports a destination without policies: addresses, and pods of namespaces that are not ours.
func free(to string) bool {
	name, _, _ := strings.Cut(to, ":")
	return slices.Contains([]string{"internet", "metadata", "node", "api-server", "dns", "stranger-2"}, name)
}

// TestNetworkPolicies_FromOutside holds that nothing but an API and Argo CD's server is reached from the nodes, and nothing
// from the internet.
func TestNetworkPolicies_FromOutside(t *testing.T) {
	engine, pods := policyEngine(t, nil)
	var open, overlay []string
	for name, pod := range pods {
		if strings.HasPrefix(name, "stranger") || name == "dns" {
			continue
		}
		for _, port := range []string{"3000", "5432", "5672", "6379", "8000", "8080", "8081", "9090", "9093"} {
			for _, from := range []string{anyAddress, metadataAddress} {
				allowed, err := engine.CheckIfAllowed(from, pod, "TCP", port)
				require.NoError(t, err)
				assert.False(t, allowed, "%s to %s:%s", from, name, port)
			}
			allowed, err := engine.CheckIfAllowed(nodeAddress, pod, "TCP", port)
			require.NoError(t, err)
			if allowed {
				open = append(open, name+":"+port)
			}
			if allowed, err = engine.CheckIfAllowed(overlayAddress, pod, "TCP", port); allowed {
				overlay = append(overlay, name+":"+port)
			}
			require.NoError(t, err)
		}
	}
	// A node's address in the pod network cannot be told from a pod's, so a pod of a namespace without policies reaches these too.
	assert.ElementsMatch(t, []string{
		"waste-api:8000", "chat-llm-api:8000", "auth-api:8000", "userinfo-api:8000", "location-api:8000", "recycle-info-api:8000", "alertmanager:9093",
	}, overlay)
	assert.ElementsMatch(t, []string{
		"waste-api:8000", "chat-llm-api:8000", "auth-api:8000", "userinfo-api:8000", "location-api:8000", "recycle-info-api:8000", "argocd-server:8080",
		"alertmanager:9093", // growbin verify, by the API server
	}, open)
}

// metrics-server reaches the kubelets and the API server. It is reached by the API server alone, whose address is one of the control plane.
func TestNetworkPolicies_MetricsServer(t *testing.T) {
	engine, pods := policyEngine(t, map[string]string{"autoscale": `["waste-api=2-3"]`})
	const server = "metrics-server"
	require.Contains(t, pods, server)
	allowed := func(from, to, port string) bool {
		ok, err := engine.CheckIfAllowed(from, to, "TCP", port)
		require.NoError(t, err)
		return ok
	}
	assert.True(t, allowed(pods[server], nodeAddress, "10250"))
	assert.True(t, allowed(pods[server], apiAddress, "6443"))
	assert.True(t, allowed(nodeAddress, pods[server], "4443"))
	assert.True(t, allowed(overlayAddress, pods[server], "4443"))
	for _, to := range []string{anyAddress, metadataAddress, pods["postgresql"], pods["prometheus"]} {
		assert.False(t, allowed(pods[server], to, "443"), to)
	}
	assert.False(t, allowed(pods[server], nodeAddress, "9100"))
	for _, name := range []string{"waste-api", "prometheus", "argocd-server"} {
		assert.False(t, allowed(pods[name], pods[server], "4443"), name)
	}
}

// policyEngine has every policy and one pod of each controller of the stack. It returns the pods as namespace/name.
func policyEngine(t *testing.T, settings map[string]string) (*eval.PolicyEngine, map[string]string) {
	t.Helper()
	w := deploy(t, "dev", settings)
	engine, pods := eval.NewPolicyEngine(), map[string]string{}
	for _, name := range []string{"growbin", "data", "monitoring", "node-exporter", "argocd", "kube-system", "default"} {
		require.NoError(t, engine.UpsertObject(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{"kubernetes.io/metadata.name": name},
		}}))
	}
	policies := w.mocks.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
	require.NotEmpty(t, policies)
	for _, r := range policies {
		policy := &networkingv1.NetworkPolicy{}
		r.Decode(t, policy)
		require.NoError(t, engine.UpsertObject(policy))
	}
	add := func(name, namespace string, labels map[string]string) {
		pods[name] = namespace + "/" + name
		address := fmt.Sprintf("192.168.1.%d", len(pods))
		require.NoError(t, engine.UpsertObject(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels},
			Status:     corev1.PodStatus{HostIP: "10.0.9.9", PodIPs: []corev1.PodIP{{IP: address}}},
		}))
	}
	for kind, template := range map[string]string{
		"apps/v1:Deployment": "spec.template", "apps/v1:StatefulSet": "spec.template", "batch/v1:CronJob": "spec.jobTemplate.spec.template",
	} {
		for _, r := range w.mocks.OfType("kubernetes:" + kind) {
			addPod(t, r, kind, template, add)
		}
	}
	// The chart of Argo CD labels its pods so; a mock installs nothing.
	for _, part := range []string{
		"argocd-application-controller", "argocd-applicationset-controller", "argocd-redis", "argocd-repo-server", "argocd-server",
	} {
		add(part, "argocd", map[string]string{"app.kubernetes.io/name": part, "app.kubernetes.io/instance": "argocd"})
	}
	add("dns", "kube-system", map[string]string{"k8s-app": "kube-dns"})
	add("stranger", "default", map[string]string{"app.kubernetes.io/name": "prometheus"})
	add("stranger-2", "default", nil)
	return engine, pods
}

// addPod adds the pod of one controller; all dumps of PostgreSQL are alike.
func addPod(t *testing.T, r recorder.Registration, kind, template string, add func(name, namespace string, labels map[string]string)) {
	t.Helper()
	name, ok := r.Value("metadata.name").(string)
	require.True(t, ok, r.Name)
	namespace, ok := r.Value("metadata.namespace").(string)
	require.True(t, ok, r.Name)
	if kind == "batch/v1:CronJob" && strings.HasPrefix(name, "postgresql-backup") {
		name = "postgresql-backup"
	}
	labels := map[string]string{}
	for key, value := range r.Value(template + ".metadata.labels").(map[string]any) {
		labels[key] = fmt.Sprint(value)
	}
	if host, _ := r.Value(template + ".spec.hostNetwork").(bool); host {
		return
	}
	add(name, namespace, labels)
}
