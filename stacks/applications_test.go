package stacks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// designed is the design's table of applications: replicas, and the node that runs them.
var designed = map[string]struct {
	replicas int
	node     string
}{
	"waste-api":          {3, "k8s-api-high-traffic"},
	"chat-llm-api":       {3, "k8s-api-high-traffic"},
	"auth-api":           {2, "k8s-api-high-traffic"},
	"userinfo-api":       {2, "k8s-api-low-traffic"},
	"location-api":       {2, "k8s-api-low-traffic"},
	"recycle-info-api":   {2, "k8s-api-low-traffic"},
	"image-uploader":     {3, "k8s-worker-storage"},
	"rule-retriever":     {2, "k8s-worker-storage"},
	"task-scheduler":     {1, "k8s-worker-storage"},
	"gpt5-analyzer":      {5, "k8s-worker-ai"},
	"response-generator": {3, "k8s-worker-ai"},
}

// plain unwraps secrets and outputs, so that a deployed object decodes into its Kubernetes type.
func plain(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsOutput():
		return plain(value.OutputValue().Element)
	case value.IsArray():
		out := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			out = append(out, plain(element))
		}
		return resource.NewArrayProperty(out)
	case value.IsObject():
		out := resource.PropertyMap{}
		for key, element := range value.ObjectValue() {
			out[key] = plain(element)
		}
		return resource.NewObjectProperty(out)
	}
	return value
}

// objectsOf returns all deployed objects of a kind, e.g. "apps/v1:Deployment", by name.
func objectsOf[T any](t testing.TB, w *world, kind string) map[string]T {
	t.Helper()
	objects := map[string]T{}
	for _, r := range w.mocks.OfType("kubernetes:" + kind) {
		text, err := json.Marshal(plain(resource.NewObjectProperty(r.Outputs)).Mappable())
		require.NoError(t, err)
		var object T
		require.NoError(t, json.Unmarshal(text, &object), "%s %s", kind, r.Name)
		objects[r.Name] = object
	}
	return objects
}

func applications(t testing.TB, w *world) map[string]appsv1.Deployment {
	t.Helper()
	found := map[string]appsv1.Deployment{}
	for name, deployment := range objectsOf[appsv1.Deployment](t, w, "apps/v1:Deployment") {
		if deployment.Namespace == namespaceApplications {
			found[name] = deployment
		}
	}
	return found
}

func TestApplications_AreTheDesigns(t *testing.T) {
	// dev has its workers once each, on smaller machines.
	for stack, total := range map[string]int{"prod": 28, "dev": 19} {
		w := deploy(t, stack, nil)
		settings, err := decode(t, stack, nil)
		require.NoError(t, err)
		found := applications(t, w)
		require.Len(t, found, len(designed))
		pods := 0
		for name, want := range designed {
			deployment, ok := found[name]
			require.True(t, ok, name)
			replicas := want.replicas
			if stack == "dev" && strings.HasPrefix(want.node, "k8s-worker-") {
				replicas = 1
			}
			assert.EqualValues(t, replicas, *deployment.Spec.Replicas, name)
			pods += int(*deployment.Spec.Replicas)
			_, err := capacity.Plan(nodeCapacities(settings.Nodes), []capacity.PodSet{{Name: name, Replicas: 1, Pod: deployment.Spec.Template.Spec}})
			require.NoError(t, err)
			node, err := nodeNamed(settings.Nodes, want.node)
			require.NoError(t, err)
			assert.Equal(t, node.Labels, deployment.Spec.Template.Spec.NodeSelector, name)
			assert.Equal(t, "ghcr.io/growbin/"+name+":1.0.0", deployment.Spec.Template.Spec.Containers[0].Image)
			assert.Equal(t, "growbin", deployment.Labels["app.kubernetes.io/part-of"], name)
		}
		assert.Equal(t, total, pods)
	}
}

func nodeCapacities(nodes []Node) []capacity.Node {
	out := make([]capacity.Node, 0, len(nodes))
	for _, node := range nodes {
		out = append(out, node.Capacity())
	}
	return out
}

// podSets returns all pods of the deployed objects.
func podSets(t testing.TB, w *world) []capacity.PodSet {
	t.Helper()
	var sets []capacity.PodSet
	for name, d := range objectsOf[appsv1.Deployment](t, w, "apps/v1:Deployment") {
		sets = append(sets, capacity.PodSet{Name: "Deployment " + name, Replicas: int(*d.Spec.Replicas), Pod: d.Spec.Template.Spec})
	}
	for name, s := range objectsOf[appsv1.StatefulSet](t, w, "apps/v1:StatefulSet") {
		sets = append(sets, capacity.PodSet{Name: "StatefulSet " + name, Replicas: int(*s.Spec.Replicas), Pod: s.Spec.Template.Spec})
	}
	for name, d := range objectsOf[appsv1.DaemonSet](t, w, "apps/v1:DaemonSet") {
		sets = append(sets, capacity.PodSet{Name: "DaemonSet " + name, EveryNode: true, Pod: d.Spec.Template.Spec})
	}
	// Calico's operator creates its own DaemonSet.
	everywhere := corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, Containers: []corev1.Container{{
		Resources: corev1.ResourceRequirements{Requests: calico.NodeRequests()},
	}}}
	return append(sets, capacity.PodSet{Name: "DaemonSet calico-node", EveryNode: true, Pod: everywhere})
}

func TestApplications_LoadIsInEachNodesBand(t *testing.T) {
	for _, stack := range allStacks {
		w := deploy(t, stack, nil)
		settings, err := decode(t, stack, nil)
		require.NoError(t, err)
		load, err := capacity.Plan(nodeCapacities(settings.Nodes), podSets(t, w))
		require.NoError(t, err)
		assertInBands(t, settings.Nodes, load)
	}
}

func assertInBands(t *testing.T, nodes []Node, load map[string]capacity.Resources) {
	t.Helper()
	for _, node := range nodes {
		cpu, memory := load[node.Name].Of(node.Capacity().Allocatable)
		t.Logf("%-22s CPU %5.1f %%  memory %5.1f %%", node.Name, cpu, memory)
		if node.Band == nil {
			continue
		}
		for resource, percent := range map[string]float64{"CPU": cpu, "memory": memory} {
			assert.GreaterOrEqual(t, percent, node.Band.Low, "%s of %s", resource, node.Name)
			assert.LessOrEqual(t, percent, node.Band.High, "%s of %s", resource, node.Name)
		}
	}
}

func TestApplications_APIsHaveServices(t *testing.T) {
	w := deploy(t, "dev", nil)
	services := objectsOf[corev1.Service](t, w, "core/v1:Service")
	for name, deployment := range applications(t, w) {
		container := deployment.Spec.Template.Spec.Containers[0]
		service, has := services[name]
		if !strings.HasSuffix(name, "-api") {
			assert.False(t, has, name)
			continue
		}
		require.True(t, has, name)
		assert.EqualValues(t, 8000, container.Ports[0].ContainerPort, name)
		assert.EqualValues(t, 8000, service.Spec.Ports[0].Port, name)
		assert.Equal(t, container.Ports[0].Name, service.Spec.Ports[0].TargetPort.StrVal, name)
		assert.Equal(t, "/health", container.LivenessProbe.HTTPGet.Path, name)
		assert.Equal(t, "/ready", container.ReadinessProbe.HTTPGet.Path, name)
		for key, value := range service.Spec.Selector {
			assert.Equal(t, value, deployment.Spec.Template.Labels[key], name)
		}
	}
}

func TestApplications_CeleryCommands(t *testing.T) {
	w := deploy(t, "prod", nil)
	found := applications(t, w)
	commands := map[string]string{
		"image-uploader":     "celery -A workers.image_uploader worker --loglevel=info --queues=q.image_upload --concurrency=8 --pool=prefork --prefetch-multiplier=4 --task-events --without-mingle",
		"rule-retriever":     "celery -A workers.rule_retriever worker --loglevel=info --queues=q.rule_retrieval --concurrency=4 --pool=prefork --prefetch-multiplier=4 --task-events --without-mingle",
		"gpt5-analyzer":      "celery -A workers.gpt5_analyzer worker --loglevel=info --queues=q.gpt5_analysis --concurrency=20 --pool=gevent --prefetch-multiplier=1 --task-events --without-mingle",
		"response-generator": "celery -A workers.response_generator worker --loglevel=info --queues=q.response_generation --concurrency=10 --pool=gevent --prefetch-multiplier=1 --task-events --without-mingle",
		"task-scheduler":     "celery -A workers.task_scheduler beat --loglevel=info --schedule=/var/run/celery/schedule --pidfile=",
	}
	for name, command := range commands {
		assert.Equal(t, command, strings.Join(found[name].Spec.Template.Spec.Containers[0].Command, " "), name)
	}
}

func TestApplications_OneScheduler(t *testing.T) {
	w := deploy(t, "prod", nil)
	for name, deployment := range applications(t, w) {
		want := appsv1.RollingUpdateDeploymentStrategyType
		if name == "task-scheduler" {
			want = appsv1.RecreateDeploymentStrategyType
			require.EqualValues(t, 1, *deployment.Spec.Replicas)
			assert.Nil(t, deployment.Spec.Strategy.RollingUpdate)
			mounts := map[string]bool{}
			for _, mount := range deployment.Spec.Template.Spec.Containers[0].VolumeMounts {
				mounts[mount.MountPath] = !mount.ReadOnly
			}
			assert.True(t, mounts[beatStateDir], "the schedule file must be writable")
		}
		assert.Equal(t, want, deployment.Spec.Strategy.Type, name)
	}
}

func TestApplications_EnvironmentVariables(t *testing.T) {
	w := deploy(t, "prod", nil)
	api := []string{"SERVICE_NAME", "DATABASE_URL", "REDIS_URL"}
	worker := []string{"CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"}
	extra := map[string][]string{
		"waste-api": {"CELERY_ENABLED", "RABBITMQ_URL", "AWS_S3_BUCKET", "AWS_REGION"}, "chat-llm-api": {"OPENAI_API_KEY"},
		"auth-api": {"JWT_SECRET", "JWT_SECRET_OTHER"}, "location-api": {"KAKAO_API_KEY"},
		"image-uploader": {"AWS_S3_BUCKET", "AWS_REGION"}, "gpt5-analyzer": {"OPENAI_API_KEY"}, "response-generator": {"OPENAI_API_KEY"},
	}
	secrets := objectsOf[corev1.Secret](t, w, "core/v1:Secret")
	for name, deployment := range applications(t, w) {
		have := map[string]corev1.EnvVar{}
		for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
			have[variable.Name] = variable
			if from := variable.ValueFrom; from != nil {
				secret := secrets[name]
				assert.Equal(t, secret.Name, from.SecretKeyRef.Name, "%s takes %s from a Secret of its own", name, variable.Name)
				assert.NotEmpty(t, secret.StringData[from.SecretKeyRef.Key], "%s %s", name, variable.Name)
			}
		}
		want := append(append([]string{}, api...), extra[name]...)
		if !strings.HasSuffix(name, "-api") {
			want = append(want, worker...)
		}
		for _, key := range want {
			assert.Contains(t, have, key, name)
		}
		if name != "chat-llm-api" && name != "gpt5-analyzer" && name != "response-generator" {
			assert.NotContains(t, have, "OPENAI_API_KEY", name)
		}
	}
}

func TestApplications_PodsAreRestricted(t *testing.T) {
	w := deploy(t, "prod", nil)
	for name, deployment := range applications(t, w) {
		pod := deployment.Spec.Template.Spec
		assert.True(t, *pod.SecurityContext.RunAsNonRoot, name)
		assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
		assert.False(t, *pod.AutomountServiceAccountToken, name)
		for _, container := range pod.Containers {
			assert.False(t, *container.SecurityContext.AllowPrivilegeEscalation, name)
			assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, name)
			assert.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop, name)
			assert.False(t, container.Resources.Limits.Memory().IsZero(), name)
			assert.NotNil(t, container.LivenessProbe, name)
		}
	}
	for name, namespace := range objectsOf[corev1.Namespace](t, w, "core/v1:Namespace") {
		want := map[string]string{"argocd": "baseline", "node-exporter": "privileged"}
		assert.Equal(t, cmp.Or(want[name], "restricted"), namespace.Labels["pod-security.kubernetes.io/enforce"], name)
	}
}

// A pod that somebody starts with a service account of the stack gets no token unless it asks for one.
func TestServiceAccounts_WithoutTokens(t *testing.T) {
	accounts := deploy(t, "prod", map[string]string{"autoscale": `["userinfo-api=2-2"]`}).mocks.OfType("kubernetes:core/v1:ServiceAccount")
	require.NotEmpty(t, accounts)
	for _, account := range accounts {
		assert.Equal(t, false, account.Value("automountServiceAccountToken"), account.Name)
	}
}

func TestNodes_ShowTheirRole(t *testing.T) {
	w := deploy(t, "dev", nil)
	patches := objectsOf[corev1.Node](t, w, "core/v1:NodePatch")
	for _, node := range topology {
		machine, err := w.cloud.Machine(node.Name)
		require.NoError(t, err)
		patch := patches[node.Name]
		assert.Contains(t, patch.Labels, "node-role.kubernetes.io/"+string(node.Role))
		assert.Contains(t, fmt.Sprint(patch.Annotations), machine.ID, "a replaced instance must get its label again")
	}
}

func TestApplications_PullSecret(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"registryUsername": "robot", "registryPassword": "robot-password"})
	secret := objectsOf[corev1.Secret](t, w, "core/v1:Secret")["growbin-registry"]
	assert.Equal(t, corev1.SecretTypeDockerConfigJson, secret.Type)
	assert.Contains(t, secret.StringData[corev1.DockerConfigJsonKey], `"ghcr.io":{"username":"robot","password":"robot-password"`)
	for name, deployment := range applications(t, w) {
		require.Len(t, deployment.Spec.Template.Spec.ImagePullSecrets, 1, name)
		assert.Equal(t, secret.Name, deployment.Spec.Template.Spec.ImagePullSecrets[0].Name, name)
	}
	for name, deployment := range applications(t, deploy(t, "prod", nil)) {
		assert.Empty(t, deployment.Spec.Template.Spec.ImagePullSecrets, name)
	}
}

func TestSecrets_NeverInTheClear(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"registryUsername": "robot", "registryPassword": "robot-password"})
	secrets := map[string]string{"registry password": "robot-password", "admin key": "client-key-data"}
	for key, value := range testSecrets {
		secrets[key] = value
	}
	for _, r := range w.mocks.OfType("random:index/randomPassword:RandomPassword") {
		secrets["password "+r.Name] = plain(r.Outputs["result"]).StringValue()
	}
	require.Greater(t, len(secrets), 5)
	for _, r := range w.mocks.All() {
		clear := inTheClear(resource.NewObjectProperty(r.Inputs))
		for kind, value := range secrets {
			assert.NotContains(t, clear, value, "%s is in the clear in %s %s", kind, r.Type, r.Name)
		}
	}
	assert.Equal(t, map[string]bool{OutputKubeconfig: true, OutputCredentials: true}, secretOutputs(w))
	for name, value := range w.outputs {
		if w.secret[name] {
			continue
		}
		for kind, secret := range secrets {
			assert.NotContains(t, fmt.Sprint(value), secret, "%s is in output %s", kind, name)
		}
	}
}

func secretOutputs(w *world) map[string]bool {
	secret := map[string]bool{}
	for name, is := range w.secret {
		if is {
			secret[name] = true
		}
	}
	return secret
}

// inTheClear returns a property as text, without secrets.
func inTheClear(value resource.PropertyValue) string {
	switch {
	case value.IsSecret(), value.IsOutput() && value.OutputValue().Secret:
		return ""
	case value.IsOutput():
		return inTheClear(value.OutputValue().Element)
	case value.IsArray():
		var out strings.Builder
		for _, element := range value.ArrayValue() {
			out.WriteString(inTheClear(element) + "\n")
		}
		return out.String()
	case value.IsObject():
		var out strings.Builder
		for key, element := range value.ObjectValue() {
			out.WriteString(string(key) + "=" + inTheClear(element) + "\n")
		}
		return out.String()
	}
	return fmt.Sprint(value.V)
}

func TestServices_RunOnTheirNodes(t *testing.T) {
	w := deploy(t, "prod", nil)
	settings, err := decode(t, "prod", nil)
	require.NoError(t, err)
	pods := map[string]corev1.PodSpec{}
	for _, d := range objectsOf[appsv1.Deployment](t, w, "apps/v1:Deployment") {
		pods[d.Name] = d.Spec.Template.Spec
	}
	for _, s := range objectsOf[appsv1.StatefulSet](t, w, "apps/v1:StatefulSet") {
		pods[s.Name] = s.Spec.Template.Spec
	}
	assert.Len(t, pods, len(Services())+len(catalog), "every Deployment and StatefulSet is an application or a service")
	for _, service := range Services() {
		require.Contains(t, pods, service.Name)
		load, err := capacity.Plan(nodeCapacities(settings.Nodes), []capacity.PodSet{{Name: service.Name, Replicas: 1, Pod: pods[service.Name]}})
		require.NoError(t, err)
		assert.Contains(t, load, service.Node, service.Name)
	}
}

func TestOutputs_SSHCommandsWithAKey(t *testing.T) {
	const key = "sesacthon"
	w, err := tryDeploy(t, "dev", map[string]string{"sshKeyName": key, "adminCidrs": `["` + adminIP + `/32"]`}, awssim.Options{}, func(ctx *pulumi.Context) error {
		pair, err := ec2.NewKeyPair(ctx, key, &ec2.KeyPairArgs{
			KeyName: pulumi.String(key), PublicKey: pulumi.String("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHfr2SMEtSdnQ1RFuLAFGrtG9cNPD1hTDhQTIqKG4hVB test"),
		})
		if err != nil {
			return err
		}
		imported := make(chan struct{})
		pair.ID().ApplyT(func(id pulumi.ID) pulumi.ID { close(imported); return id })
		<-imported
		return nil
	})
	require.NoError(t, err)
	for name, command := range w.outputs[OutputSSHCommands].(map[string]string) {
		machine, err := w.cloud.Machine(name)
		require.NoError(t, err)
		assert.Equal(t, "ssh -i ~/.ssh/sesacthon.pem ubuntu@"+machine.PublicIP, command)
		assert.NoError(t, w.cloud.Reach(awssim.Endpoint(adminIP), awssim.Endpoint(name), "tcp", 22), name)
		assert.Error(t, w.cloud.Reach(awssim.Internet, awssim.Endpoint(name), "tcp", 22), name)
	}
}

func TestOutputs_SSHNeedsAnOpenPort(t *testing.T) {
	s := Settings{SSHKeyName: "sesacthon", Region: "ap-northeast-2"}
	session := "aws ssm start-session --region ap-northeast-2 --target i-1"
	assert.Equal(t, session, s.sshCommand([]any{"", "192.0.2.1", session}), "an instance that is older than the setting")
	assert.Equal(t, session, s.sshCommand([]any{"former", "192.0.2.1", session}), "an instance with another key")
	assert.Equal(t, "ssh -i ~/.ssh/sesacthon.pem ubuntu@192.0.2.1", s.sshCommand([]any{"sesacthon", "192.0.2.1", session}))
}

func TestOutputs_SSHCommandsWithoutAdminCIDRs(t *testing.T) {
	w, err := tryDeploy(t, "dev", map[string]string{"sshKeyName": "sesacthon"}, awssim.Options{}, func(ctx *pulumi.Context) error {
		pair, err := ec2.NewKeyPair(ctx, "sesacthon", &ec2.KeyPairArgs{
			KeyName: pulumi.String("sesacthon"), PublicKey: pulumi.String("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHfr2SMEtSdnQ1RFuLAFGrtG9cNPD1hTDhQTIqKG4hVB test"),
		})
		if err != nil {
			return err
		}
		imported := make(chan struct{})
		pair.ID().ApplyT(func(id pulumi.ID) pulumi.ID { close(imported); return id })
		<-imported
		return nil
	})
	require.NoError(t, err)
	for name, command := range w.outputs[OutputSSHCommands].(map[string]string) {
		assert.True(t, strings.HasPrefix(command, "aws ssm start-session "), "%s: port 22 is open to nobody: %s", name, command)
	}
}
