package metricsserver

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/recorder"
)

func deploy(args *MetricsServerArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewMetricsServer(ctx, "metrics", args)
		return err
	})
}

func TestMetricsServer(t *testing.T) {
	r, err := deploy(&MetricsServerArgs{Namespace: pulumi.String("watch"), Placement: pod.Placement{NodeSelector: map[string]string{"type": "monitoring"}}})
	require.NoError(t, err)
	r.RequireDescend(t, metricsServerType)
	deployment := r.One(t, "kubernetes:apps/v1:Deployment", "metrics")
	deployment.RequireMounts(t, "spec.template.spec")
	var d appsv1.Deployment
	deployment.Decode(t, &d)
	spec := d.Spec.Template.Spec
	assert.Equal(t, pins.MetricsServer, spec.Containers[0].Image)
	assert.Equal(t, map[string]string{"type": "monitoring"}, spec.NodeSelector)
	assert.Equal(t, "metrics-server", spec.ServiceAccountName)
	assert.True(t, *spec.AutomountServiceAccountToken)

	api := r.One(t, "kubernetes:apiregistration.k8s.io/v1:APIService", "metrics")
	assert.Equal(t, map[string]any{"namespace": "watch", "name": "metrics-server", "port": 443.0}, api.Value("spec.service"))
	assert.Equal(t, d.Spec.Selector.MatchLabels["app.kubernetes.io/name"], r.One(t, "kubernetes:core/v1:Service", "metrics").Value("spec.selector").(map[string]any)["app.kubernetes.io/name"])
}

// Kubelets answer usage alone: nodes/proxy would allow commands in every pod.
func TestMetricsServer_Rights(t *testing.T) {
	r, err := deploy(&MetricsServerArgs{Namespace: pulumi.String("watch"), Placement: pod.Placement{NodeSelector: map[string]string{"type": "monitoring"}}})
	require.NoError(t, err)
	var role rbacv1.ClusterRole
	r.One(t, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "metrics").Decode(t, &role)
	assert.Equal(t, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes/metrics"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"nodes", "pods"}, Verbs: []string{"get", "list", "watch"}},
	}, role.Rules)
	front := r.One(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "metrics")
	assert.Equal(t, "kube-system", front.Value("metadata.namespace"))
	assert.Equal(t, "extension-apiserver-authentication-reader", front.Value("roleRef.name"))
}

func TestMetricsServer_InvalidArgs(t *testing.T) {
	_, err := deploy(&MetricsServerArgs{Image: "metrics-server"})
	for _, want := range []string{"Namespace: not set", "NodeSelector: not set", `Image: "metrics-server" must`} {
		assert.ErrorContains(t, err, want)
	}
}
