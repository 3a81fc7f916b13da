package monitoring

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	kindStatefulSet = "kubernetes:apps/v1:StatefulSet"
	kindDeployment  = "kubernetes:apps/v1:Deployment"
	kindDaemonSet   = "kubernetes:apps/v1:DaemonSet"
	kindService     = "kubernetes:core/v1:Service"
	kindSecret      = "kubernetes:core/v1:Secret"
	kindPassword    = "random:index/randomPassword:RandomPassword"
	kindConfigMap   = "kubernetes:core/v1:ConfigMap"
	kindVolume      = "kubernetes:core/v1:PersistentVolume"
	kindClusterRole = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	kindRole        = "kubernetes:rbac.authorization.k8s.io/v1:Role"
)

func deploy(t *testing.T, args *MonitoringArgs) *recorder.Recorder {
	t.Helper()
	r, err := tryDeploy(args)
	require.NoError(t, err)
	return r
}

func tryDeploy(args *MonitoringArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		m, err := NewMonitoring(ctx, "watch", args)
		if err != nil {
			return err
		}
		ctx.Export("password", m.GrafanaPassword)
		return nil
	})
}

// pods returns the pod templates by the name of their controller.
func pods(t *testing.T, r *recorder.Recorder) map[string]corev1.PodTemplateSpec {
	t.Helper()
	out := map[string]corev1.PodTemplateSpec{}
	for _, name := range []string{PrometheusService, AlertmanagerService} {
		var set appsv1.StatefulSet
		r.One(t, kindStatefulSet, "watch-"+name).Decode(t, &set)
		require.EqualValues(t, 1, *set.Spec.Replicas)
		out[name] = set.Spec.Template
	}
	for _, name := range []string{GrafanaService, KubeStateMetricsService} {
		var deployment appsv1.Deployment
		r.One(t, kindDeployment, "watch-"+name).Decode(t, &deployment)
		out[name] = deployment.Spec.Template
	}
	var set appsv1.DaemonSet
	r.One(t, kindDaemonSet, "watch-node-exporter").Decode(t, &set)
	out["node-exporter"] = set.Spec.Template
	return out
}

func TestMonitoring_ResourcesDescendFromComponent(t *testing.T) {
	r := deploy(t, SampleArgs())
	r.RequireDescend(t, monitoringType)
	names := map[string]bool{}
	for _, res := range r.All() {
		key := res.Type + "/" + res.Name
		require.False(t, names[key], "%s is registered twice", key)
		names[key] = true
	}
	require.Greater(t, len(names), 21)
}

func TestPods_Placement(t *testing.T) {
	for name, pod := range pods(t, deploy(t, SampleArgs())) {
		if name == "node-exporter" {
			assert.Equal(t, []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, pod.Spec.Tolerations, "must run on tainted nodes and on the control plane")
			assert.Equal(t, map[string]string{"kubernetes.io/os": "linux"}, pod.Spec.NodeSelector)
			continue
		}
		assert.Equal(t, map[string]string{"role": "watch"}, pod.Spec.NodeSelector, name)
		assert.Equal(t, SampleArgs().Placement.Tolerations, pod.Spec.Tolerations, name)
	}
}

// The namespace of everything else is restricted: nobody who may create pods there gets a host.
func TestNodeExporter_InANamespaceOfItsOwn(t *testing.T) {
	privileged := []string{}
	for _, resource := range deploy(t, SampleArgs()).All() {
		metadata, _ := resource.Value("metadata").(map[string]any)
		if metadata["namespace"] == "watch-nodes" {
			privileged = append(privileged, resource.Name)
		}
	}
	assert.Equal(t, []string{"watch-node-exporter"}, privileged)
}

func TestPods_Restricted(t *testing.T) {
	for name, pod := range pods(t, deploy(t, SampleArgs())) {
		context := pod.Spec.SecurityContext
		assert.True(t, *context.RunAsNonRoot, name)
		assert.NotZero(t, *context.RunAsUser, name)
		assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, context.SeccompProfile.Type, name)
		for _, c := range pod.Spec.Containers {
			assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation, name)
			assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
			assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
			require.NotNil(t, c.ReadinessProbe, name)
			require.NotNil(t, c.LivenessProbe, name)
		}
		usesHost := name == "node-exporter"
		assert.Equal(t, usesHost, pod.Spec.HostNetwork, name)
		assert.Equal(t, usesHost, pod.Spec.HostPID, name)
		for _, v := range pod.Spec.Volumes {
			assert.False(t, v.HostPath != nil && !usesHost, name)
		}
		usesAPI := name == PrometheusService || name == KubeStateMetricsService
		assert.Equal(t, usesAPI, *pod.Spec.AutomountServiceAccountToken, "%s: token of the API server", name)
	}
}

// A pod that somebody starts with a service account of the monitoring gets no token unless it asks for one.
func TestServiceAccounts_WithoutTokens(t *testing.T) {
	accounts := deploy(t, SampleArgs()).OfType("kubernetes:core/v1:ServiceAccount")
	require.NotEmpty(t, accounts)
	for _, account := range accounts {
		assert.Equal(t, false, account.Value("automountServiceAccountToken"), account.Name)
	}
}

func TestNodeExporter_HostMountsReadOnly(t *testing.T) {
	pod := pods(t, deploy(t, SampleArgs()))["node-exporter"]
	container := pod.Spec.Containers[0]
	mounted := map[string]string{}
	for _, m := range container.VolumeMounts {
		assert.True(t, m.ReadOnly, m.Name)
		mounted[m.Name] = m.MountPath
	}
	for _, v := range pod.Spec.Volumes {
		require.NotNil(t, v.HostPath, v.Name)
		switch v.HostPath.Path {
		case "/":
			assert.Contains(t, container.Args, "--path.rootfs="+mounted[v.Name])
		case TextfileDir:
			assert.Contains(t, container.Args, "--collector.textfile.directory="+mounted[v.Name])
			assert.Equal(t, corev1.HostPathDirectoryOrCreate, *v.HostPath.Type)
		default:
			t.Errorf("%s mounts %s", v.Name, v.HostPath.Path)
		}
	}
	assert.Len(t, pod.Spec.Volumes, 2)
}

func TestPods_RequestsWithinLimits(t *testing.T) {
	var cpu, memory int64 // of the pods on the one node, in thousandths and bytes
	for name, pod := range pods(t, deploy(t, SampleArgs())) {
		for _, c := range pod.Spec.Containers {
			for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := c.Resources.Requests[resource], c.Resources.Limits[resource]
				assert.True(t, request.Sign() > 0 && request.Cmp(limit) <= 0, "%s requests %s with a limit of %s of %s", name, &request, &limit, resource)
			}
			cpu += c.Resources.Requests.Cpu().MilliValue()
			memory += c.Resources.Limits.Memory().Value()
		}
	}
	// A t3.large has 2 CPUs and about 7 GiB for pods. Memory counts by limits, since pods above them are killed.
	assert.LessOrEqual(t, cpu, int64(1000))
	assert.LessOrEqual(t, memory, int64(5)<<30)
}

func TestServices_NamesAndSelectors(t *testing.T) {
	r := deploy(t, SampleArgs())
	templates := pods(t, r)
	for name, port := range map[string]int32{
		PrometheusService: PrometheusPort, AlertmanagerService: AlertmanagerPort,
		GrafanaService: GrafanaPort, KubeStateMetricsService: KubeStateMetricsPort,
	} {
		var service corev1.Service
		r.One(t, kindService, "watch-"+name).Decode(t, &service)
		assert.Equal(t, name, service.Name)
		assert.Equal(t, "watch", service.Namespace)
		require.Len(t, service.Spec.Ports, 1)
		assert.Equal(t, port, service.Spec.Ports[0].Port)
		for key, value := range service.Spec.Selector {
			assert.Equal(t, value, templates[name].Labels[key], "%s selects nothing", name)
		}
		found := false
		for _, p := range templates[name].Spec.Containers[0].Ports {
			found = found || (p.Name == service.Spec.Ports[0].TargetPort.StrVal && p.ContainerPort == port)
		}
		assert.True(t, found, "%s: no container port %s", name, service.Spec.Ports[0].TargetPort.StrVal)
	}
}

func TestStores_DataOnDisk(t *testing.T) {
	r := deploy(t, SampleArgs())
	for name, path := range map[string]string{PrometheusService: prometheusDataDir, AlertmanagerService: alertmanagerDataDir} {
		var set appsv1.StatefulSet
		r.One(t, kindStatefulSet, "watch-"+name).Decode(t, &set)
		require.Empty(t, set.Spec.VolumeClaimTemplates)
		var volume corev1.PersistentVolume
		var claim corev1.PersistentVolumeClaim
		r.One(t, kindVolume+"Claim", "watch-"+name).Decode(t, &claim)
		r.One(t, kindVolume, "watch-"+name).Decode(t, &volume)
		assert.Equal(t, volume.Name, claim.Spec.VolumeName)
		assert.Contains(t, set.Spec.Template.Spec.Volumes, corev1.Volume{Name: localvolume.PodVolumeName, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
		}})
		assert.Equal(t, "/var/lib/data", volume.Spec.Local.Path)
		container := set.Spec.Template.Spec.Containers[0]
		mounts := map[string]corev1.VolumeMount{}
		for _, m := range container.VolumeMounts {
			mounts[m.Name] = m
		}
		assert.Equal(t, corev1.VolumeMount{Name: localvolume.PodVolumeName, MountPath: path, SubPath: name}, mounts[localvolume.PodVolumeName])
		assert.Contains(t, strings.Join(container.Args, " "), ".path="+path)
		// Two pods on one disk: kubelet gives it to one group.
		assert.EqualValues(t, nobody, *set.Spec.Template.Spec.SecurityContext.FSGroup)
	}
}

func TestSecrets_Hidden(t *testing.T) {
	r := deploy(t, SampleArgs())
	r.RequireHidden(t, "secret-part")
	for _, password := range r.OfType(kindPassword) {
		r.RequireHidden(t, recorder.Password(password.Name))
	}
	var alertmanager, grafana corev1.Secret
	r.One(t, kindSecret, "watch-alertmanager").Decode(t, &alertmanager)
	assert.Contains(t, alertmanager.StringData[alertmanagerConfigFile], "secret-part")
	r.One(t, kindSecret, "watch-grafana").Decode(t, &grafana)
	assert.NotEqual(t, grafana.StringData[passwordKey], grafana.StringData[encryptionKey])
	assert.Empty(t, grafana.Name, "must be auto-named: a changed password must restart the pod")
}

func TestGrafana_PasswordRequired(t *testing.T) {
	r := deploy(t, SampleArgs())
	env := map[string]corev1.EnvVar{}
	for _, e := range pods(t, r)[GrafanaService].Spec.Containers[0].Env {
		env[e.Name] = e
	}
	assert.Equal(t, "false", env["GF_AUTH_ANONYMOUS_ENABLED"].Value)
	assert.Equal(t, "false", env["GF_USERS_ALLOW_SIGN_UP"].Value)
	assert.Equal(t, "true", env["GF_SECURITY_COOKIE_SECURE"].Value)
	for name, key := range map[string]string{"GF_SECURITY_ADMIN_PASSWORD": passwordKey, "GF_SECURITY_SECRET_KEY": encryptionKey} {
		from := env[name].ValueFrom
		require.NotNil(t, from, name)
		assert.Equal(t, key, from.SecretKeyRef.Key)
		assert.Equal(t, "watch-grafana-1a2b3c", from.SecretKeyRef.Name)
	}
	plainHTTP := complete()
	plainHTTP.GrafanaURL = ""
	assert.NotContains(t, grafanaSettings(plainHTTP), "GF_SECURITY_COOKIE_SECURE", "nobody could sign in over HTTP")
}

// Grafana alone is reachable at a port of every node.
func TestGrafana_NodePort(t *testing.T) {
	ports := map[string]int32{}
	for _, r := range deploy(t, SampleArgs()).OfType(kindService) {
		var service corev1.Service
		r.Decode(t, &service)
		for _, port := range service.Spec.Ports {
			if port.NodePort != 0 {
				assert.Equal(t, corev1.ServiceTypeNodePort, service.Spec.Type)
				ports[service.Name] = port.NodePort
			}
		}
	}
	assert.Equal(t, map[string]int32{"grafana": 30300}, ports)
}

func TestGrafana_ProvisionedFiles(t *testing.T) {
	r := deploy(t, SampleArgs())
	var provisioning, boards corev1.ConfigMap
	r.One(t, kindConfigMap, "watch-grafana").Decode(t, &provisioning)
	r.One(t, kindConfigMap, "watch-grafana-dashboards").Decode(t, &boards)
	assert.Equal(t, []string{"cluster.json"}, slices.Collect(maps.Keys(boards.Data)))
	assert.Contains(t, provisioning.Data["dashboards.yml"], dashboardsDir)
	assert.Contains(t, provisioning.Data["dashboards.yml"], "allowUiUpdates: false", "a dashboard that is saved there is lost with the pod")
	assert.Contains(t, provisioning.Data["datasources.yml"], "http://prometheus:9090")
	spec := pods(t, r)[GrafanaService].Spec
	sources := map[string]string{}
	for _, v := range spec.Volumes {
		if v.ConfigMap != nil {
			sources[v.Name] = v.ConfigMap.Name
		}
	}
	for _, m := range spec.Containers[0].VolumeMounts {
		switch m.MountPath {
		case dashboardsDir:
			assert.Equal(t, boards.Name, sources[m.Name])
		case provisioningDir + "/datasources/datasources.yml", provisioningDir + "/dashboards/dashboards.yml":
			assert.Equal(t, provisioning.Name, sources[m.Name])
			assert.Contains(t, provisioning.Data, m.SubPath)
		}
	}
}

func TestServiceAccounts_ReadOnly(t *testing.T) {
	r := deploy(t, SampleArgs())
	var rules []rbacv1.PolicyRule
	for _, name := range []string{"watch-prometheus", "watch-kube-state-metrics"} {
		var role rbacv1.ClusterRole
		r.One(t, kindClusterRole, name).Decode(t, &role)
		rules = append(rules, role.Rules...)
	}
	var role rbacv1.Role
	r.One(t, kindRole, "watch-prometheus-default").Decode(t, &role)
	assert.Equal(t, "default", role.Namespace)
	for _, rule := range append(rules, role.Rules...) {
		for _, verb := range rule.Verbs {
			assert.Contains(t, []string{"get", "list", "watch"}, verb)
		}
		for _, resource := range rule.Resources {
			assert.NotContains(t, []string{"secrets", "configmaps", "nodes/proxy", "*"}, resource)
		}
	}
	assert.Len(t, r.OfType(kindClusterRole), 2, "no other part needs the API server")
}

func TestNewMonitoring_InvalidArgs(t *testing.T) {
	for name, args := range map[string]*MonitoringArgs{"none": nil, "empty": {}} {
		r, err := tryDeploy(args)
		require.ErrorContains(t, err, "monitoring watch: ", name)
		assert.Empty(t, r.All(), name)
	}
}
