package workload

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	deploymentKind = "kubernetes:apps/v1:Deployment"
	serviceKind    = "kubernetes:core/v1:Service"
	secretKind     = "kubernetes:core/v1:Secret"
	budgetKind     = "kubernetes:policy/v1:PodDisruptionBudget"

	podSpec   = "spec.template.spec"
	container = podSpec + ".containers[0]"
)

// deploy creates a workload named api.
func deploy(t *testing.T, change func(*WorkloadArgs)) *recorder.Recorder {
	t.Helper()
	args := validArgs()
	change(&args)
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewWorkload(ctx, "api", &args)
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, workloadType)
	return r
}

func deployment(t *testing.T, change func(*WorkloadArgs)) recorder.Registration {
	t.Helper()
	return deploy(t, change).One(t, deploymentKind, "api")
}

func unchanged(*WorkloadArgs) {}

func TestWorkload_Selectors(t *testing.T) {
	r := deploy(t, unchanged)
	require.Len(t, r.All(), 4, "the component, Deployment, Service and PodDisruptionBudget")
	found := map[string]any{"app.kubernetes.io/name": "api"}
	for kind, selector := range map[string]string{
		deploymentKind: "spec.selector.matchLabels", serviceKind: "spec.selector", budgetKind: "spec.selector.matchLabels",
	} {
		object := r.One(t, kind, "api")
		assert.Equal(t, found, object.Value(selector), kind)
		metadata := map[string]any{
			"name": "api", "namespace": "apps",
			"labels": map[string]any{"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api"},
		}
		if kind == serviceKind { // the Deployment is awaited
			metadata["annotations"] = map[string]any{"pulumi.com/skipAwait": "true"}
		}
		assert.Equal(t, metadata, object.Value("metadata"), kind)
	}
	d := r.One(t, deploymentKind, "api")
	assert.Equal(t, map[string]any{"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api"}, d.Value("spec.template.metadata.labels"))
	assert.Equal(t, "ghcr.io/someone/api:1.2.3", d.Value(container+".image"))
	assert.Nil(t, d.Value(container+".command"), "the image's entrypoint")

	assert.Equal(t, []any{map[string]any{"name": "http", "containerPort": 8000.0, "protocol": "TCP"}}, d.Value(container+".ports"))
	assert.Equal(t, []any{map[string]any{"name": "http", "port": 8000.0, "targetPort": "http", "protocol": "TCP"}}, r.One(t, serviceKind, "api").Value("spec.ports"))
}

func TestLabels(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) {
		a.PartOf, a.Component, a.Annotations = "shop", "backend", map[string]string{"prometheus.io/port": "8000"}
		a.Labels = map[string]string{"tier": "front", "app.kubernetes.io/name": "other", "app.kubernetes.io/part-of": "other"}
	})
	want := map[string]any{
		"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api", "app.kubernetes.io/part-of": "shop",
		"app.kubernetes.io/component": "backend", "tier": "front",
	}
	assert.Equal(t, want, d.Value("spec.template.metadata.labels"), "the selector still matches")
	assert.Equal(t, want, d.Value("metadata.labels"))
	assert.Equal(t, map[string]any{"app.kubernetes.io/name": "api"}, d.Value("spec.selector.matchLabels"), "it is immutable")
	assert.Equal(t, map[string]any{"prometheus.io/port": "8000"}, d.Value("spec.template.metadata.annotations"))
}

func TestWorkload_NodePort(t *testing.T) {
	args := validArgs()
	args.NodePort = 30080
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewWorkload(ctx, "api", &args)
		return err
	})
	require.NoError(t, err)
	service := r.One(t, serviceKind, "api")
	assert.Equal(t, "NodePort", service.Value("spec.type"))
	assert.Equal(t, []any{map[string]any{
		"name": "http", "port": 8000.0, "targetPort": "http", "protocol": "TCP", "nodePort": 30080.0,
	}}, service.Value("spec.ports"))
	args.NodePort = 80
	assert.ErrorContains(t, args.Validate("api"), "NodePort: 80 must")
}

// Nodes send connections for some seconds after a pod began to stop.
func TestWorkload_StopsAfterItsServiceKnows(t *testing.T) {
	d := deployment(t, func(*WorkloadArgs) {})
	assert.Equal(t, map[string]any{"preStop": map[string]any{"sleep": map[string]any{"seconds": 5.0}}}, d.Value(container+".lifecycle"))
}

func TestWorkload_NoServiceWithoutPort(t *testing.T) {
	var made *Workload
	args := validArgs()
	args.Port = 0
	r, err := recorder.Run(func(ctx *pulumi.Context) (err error) {
		made, err = NewWorkload(ctx, "worker", &args)
		return err
	})
	require.NoError(t, err)
	assert.Empty(t, r.OfType(serviceKind))
	assert.Nil(t, made.Service)
	assert.NotNil(t, made.Deployment)
	assert.Nil(t, r.One(t, deploymentKind, "worker").Value(container+".ports"))
	r.One(t, budgetKind, "worker")
}

func TestRollout(t *testing.T) {
	d := deployment(t, unchanged)
	assert.Equal(t, 2.0, d.Value("spec.replicas"))
	assert.Equal(t, map[string]any{
		"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0},
	}, d.Value("spec.strategy"), "never fewer pods than Replicas")

	d = deployment(t, func(a *WorkloadArgs) { a.Singleton, a.Replicas = true, 1 })
	assert.Equal(t, 1.0, d.Value("spec.replicas"))
	assert.Equal(t, map[string]any{"type": "Recreate"}, d.Value("spec.strategy"), "never two pods at once")
}

func TestDisruptionBudget(t *testing.T) {
	budget := deploy(t, unchanged).One(t, budgetKind, "api")
	assert.Equal(t, 1.0, budget.Value("spec.maxUnavailable"), "a minimum would block the drain of a single pod's node")
	assert.Equal(t, "AlwaysAllow", budget.Value("spec.unhealthyPodEvictionPolicy"))
}

func TestPod_Restricted(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) { a.WritablePaths = []string{"/cache"} })
	for path, want := range map[string]any{
		podSpec + ".automountServiceAccountToken":  false,
		podSpec + ".enableServiceLinks":            false,
		podSpec + ".terminationGracePeriodSeconds": 30.0,
		podSpec + ".imagePullSecrets":              nil,
		podSpec + ".hostNetwork":                   nil,
		podSpec + ".securityContext": map[string]any{
			"runAsNonRoot": true, "runAsUser": 1000.0, "runAsGroup": 1000.0, "fsGroup": 1000.0, "fsGroupChangePolicy": "OnRootMismatch",
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		container + ".securityContext": map[string]any{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
		},
		container + ".volumeMounts": []any{
			map[string]any{"name": "scratch-0", "mountPath": "/tmp"}, map[string]any{"name": "scratch-1", "mountPath": "/cache"},
		},
		podSpec + ".volumes[1]": map[string]any{"name": "scratch-1", "emptyDir": map[string]any{"sizeLimit": "256Mi"}},
	} {
		assert.Equal(t, want, d.Value(path), path)
	}
	d.RequireMounts(t, podSpec)
}

func TestPod_Options(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) {
		a.User, a.GraceSeconds, a.Command, a.PullSecret = 70, 120, []string{"celery", "worker"}, pulumi.String("registry-1")
		a.NodeSelector = map[string]string{"role": "worker"}
		a.Tolerations = []corev1.Toleration{
			{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "worker", Effect: corev1.TaintEffectNoSchedule},
			{Key: "spot", Operator: corev1.TolerationOpExists},
		}
		a.Limits.CPU = "500m"
	})
	for path, want := range map[string]any{
		podSpec + ".securityContext.runAsUser":     70.0,
		podSpec + ".securityContext.fsGroup":       70.0,
		podSpec + ".terminationGracePeriodSeconds": 120.0,
		podSpec + ".imagePullSecrets":              []any{map[string]any{"name": "registry-1"}},
		podSpec + ".nodeSelector":                  map[string]any{"role": "worker"},
		podSpec + ".tolerations": []any{
			map[string]any{"key": "dedicated", "operator": "Equal", "value": "worker", "effect": "NoSchedule"},
			map[string]any{"key": "spot", "operator": "Exists"},
		},
		container + ".command": []any{"celery", "worker"},
		container + ".resources": map[string]any{
			"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}, "limits": map[string]any{"cpu": "500m", "memory": "256Mi"},
		},
	} {
		assert.Equal(t, want, d.Value(path), path)
	}
	assert.Equal(t, map[string]any{"memory": "256Mi"}, deployment(t, unchanged).Value(container+".resources.limits"),
		"without a CPU limit, a burst may use idle CPU")
}

func TestProbes(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) {
		a.Liveness = &Probe{Command: []string{"celery", "inspect", "ping"}, PeriodSeconds: 60, TimeoutSeconds: 20, Failures: 5}
		a.Readiness = &Probe{Path: "/healthz"}
	})
	assert.Equal(t, map[string]any{
		"exec":          map[string]any{"command": []any{"celery", "inspect", "ping"}},
		"periodSeconds": 60.0, "timeoutSeconds": 20.0, "failureThreshold": 5.0,
	}, d.Value(container+".livenessProbe"))
	assert.Equal(t, map[string]any{
		"httpGet":       map[string]any{"path": "/healthz", "port": "http"},
		"periodSeconds": 10.0, "timeoutSeconds": 3.0, "failureThreshold": 3.0,
	}, d.Value(container+".readinessProbe"))
	assert.Nil(t, d.Value(container+".startupProbe"))

	d = deployment(t, func(a *WorkloadArgs) { a.Startup = &Probe{Path: "/up"} })
	assert.Equal(t, "/up", d.Value(container+".startupProbe.httpGet.path"))
	assert.Nil(t, d.Value(container+".livenessProbe"))
	assert.Nil(t, d.Value(container+".readinessProbe"))
}

func TestEnv_Sorted(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) { a.Env = map[string]string{"C": "3", "A": "1", "B": ""} })
	assert.Equal(t, []any{
		map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": ""}, map[string]any{"name": "C", "value": "3"},
	}, d.Value(container+".env"))
}

func TestSecretEnv_References(t *testing.T) {
	args := validArgs()
	args.Env, args.SecretEnv = map[string]string{"PLAIN": "text"}, secrets("URL", "KEY")
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewWorkload(ctx, "api", &args)
		return err
	}, pulumi.WithMocks("project", "stack", recorded)))

	secret, ok := recorded.Named(secretKind, "api")
	require.True(t, ok)
	name := secret.Outputs["metadata"].ObjectValue()["name"].StringValue()
	assert.Regexp(t, "^api-.+", name, "auto-named, so that changed values make a new one")
	d, ok := recorded.Named(deploymentKind, "api")
	require.True(t, ok)
	reference := func(key string) map[string]any {
		return map[string]any{"name": key, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": name, "key": key}}}
	}
	assert.Equal(t, []any{map[string]any{"name": "PLAIN", "value": "text"}, reference("KEY"), reference("URL")},
		d.Value(container+".env"))
}

// The arguments are plain text.
func TestSecretEnv_Hidden(t *testing.T) {
	r := deploy(t, func(a *WorkloadArgs) { a.SecretEnv = secrets("URL", "KEY") })
	r.RequireHidden(t, "open-sesame")
	secret := r.One(t, secretKind, "api")
	assert.Equal(t, map[string]any{"URL": "open-sesame-URL", "KEY": "open-sesame-KEY"}, secret.Value("stringData"))
	assert.Equal(t, true, secret.Value("immutable"))
	assert.Equal(t, "apps", secret.Value("metadata.namespace"))
	assert.Nil(t, secret.Value("metadata.name"))
	assert.Empty(t, deploy(t, unchanged).OfType(secretKind), "no Secret without secrets")
}

func TestNewWorkload_InvalidArgs(t *testing.T) {
	args := validArgs()
	args.Requests.Memory, args.Replicas = "1Gi", 0
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewWorkload(ctx, "api", &args)
		return err
	})
	require.ErrorContains(t, err, "workload api: Replicas: 0 must")
	require.ErrorContains(t, err, `Requests.Memory: "1Gi" must be at most Limits.Memory, 256Mi`)
	assert.Empty(t, r.All(), "nothing is registered")
}

func TestAutoscale(t *testing.T) {
	r := deploy(t, func(a *WorkloadArgs) { a.Autoscale = &Autoscale{Min: 2, Max: 4, CPUPercent: 80} })
	assert.Equal(t, []string{"spec.replicas"}, r.One(t, deploymentKind, "api").IgnoreChanges)
	scaler := r.One(t, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "api")
	assert.Equal(t, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}, scaler.Value("spec.scaleTargetRef"))
	assert.Equal(t, 2.0, scaler.Value("spec.minReplicas"))
	assert.Equal(t, 4.0, scaler.Value("spec.maxReplicas"))
	assert.Equal(t, map[string]any{"type": "Utilization", "averageUtilization": 80.0}, scaler.Value("spec.metrics[0].resource.target"))
	assert.Empty(t, deployment(t, unchanged).IgnoreChanges)
}

func TestSpreadOver(t *testing.T) {
	d := deployment(t, func(a *WorkloadArgs) {
		a.SpreadOver, a.Annotations = []string{"b", "a"}, map[string]string{"scrape": "true"}
	})
	assert.Equal(t, map[string]any{"kubeadm-aws/nodes": "a,b", "scrape": "true"}, d.Value("spec.template.metadata.annotations"))
	assert.Equal(t, map[string]any{
		"topologyKey": "kubernetes.io/hostname", "maxSkew": 1.0, "whenUnsatisfiable": "ScheduleAnyway", "nodeTaintsPolicy": "Honor",
		"labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "api"}}, "matchLabelKeys": []any{"pod-template-hash"},
	}, d.Value(podSpec+".topologySpreadConstraints[0]"))
	d = deployment(t, func(a *WorkloadArgs) { a.SpreadOver = []string{"a"} })
	assert.Nil(t, d.Value(podSpec+".topologySpreadConstraints"))
	assert.Empty(t, d.Value("spec.template.metadata.annotations"), "one node needs no rollout")
}
