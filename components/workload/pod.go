package workload

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// drainSeconds is the time in seconds between the removal of a pod from its Service and its end.
const drainSeconds = 5

// nodesAnnotation is the annotation of a pod with the nodes that its pods were spread over.
const nodesAnnotation = "kubeadm-aws/nodes"

// scratchMiB bounds each writable directory, so that a pod cannot fill its node's disk.
const scratchMiB = 256

func (a *WorkloadArgs) podTemplate(name string, secret pulumi.StringPtrInput) *core.PodTemplateSpecArgs {
	volumes, mounts := a.scratch()
	env := a.env(secret)
	if a.AWSRole != nil {
		volume, mount, variables := pod.AWSIdentity(a.AWSRole)
		volumes, mounts, env = append(volumes, volume), append(mounts, mount), append(env, variables...)
	}
	spec := pod.Pod{
		Placement: pod.Placement{NodeSelector: a.NodeSelector, Tolerations: a.Tolerations, Prefer: a.Prefer},
		UID:       orDefault(a.User, 1000), GraceSeconds: orDefault(a.GraceSeconds, 30),
		Containers: core.ContainerArray{a.container(name, env, mounts)}, Volumes: volumes,
	}.Spec()
	if a.AWSRole != nil {
		spec.ServiceAccountName = pulumi.String(name)
	}
	if a.PullSecret != nil {
		spec.ImagePullSecrets = core.LocalObjectReferenceArray{&core.LocalObjectReferenceArgs{
			Name: a.PullSecret.ToStringOutput().ToStringPtrOutput(),
		}}
	}
	annotations := maps.Clone(a.Annotations)
	if len(a.SpreadOver) > 1 {
		spec.TopologySpreadConstraints = spread(name)
		if annotations == nil {
			annotations = map[string]string{}
		}
		// Pods move only when they are made anew.
		annotations[nodesAnnotation] = strings.Join(slices.Sorted(slices.Values(a.SpreadOver)), ",")
	}
	return &core.PodTemplateSpecArgs{
		Metadata: &meta.ObjectMetaArgs{Labels: pulumi.ToStringMap(a.labels(name)), Annotations: pulumi.ToStringMap(annotations)},
		Spec:     spec,
	}
}

// spread prefers nodes with fewer pods of the same revision. A node that is drained or lost counts as none, and if one is full, the
// pods run on the others.
func spread(name string) core.TopologySpreadConstraintArray {
	return core.TopologySpreadConstraintArray{&core.TopologySpreadConstraintArgs{
		TopologyKey: pulumi.String("kubernetes.io/hostname"), MaxSkew: pulumi.Int(1), WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector:    &meta.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector(name))},
		MatchLabelKeys:   pulumi.StringArray{pulumi.String("pod-template-hash")},
		NodeTaintsPolicy: pulumi.String("Honor"),
	}}
}

func (a *WorkloadArgs) container(name string, env core.EnvVarArray, mounts core.VolumeMountArray) *core.ContainerArgs {
	container := &core.ContainerArgs{
		Name:           pulumi.String(name),
		Image:          a.image(),
		Env:            env,
		VolumeMounts:   mounts,
		LivenessProbe:  a.Liveness.args(),
		ReadinessProbe: a.Readiness.args(),
		StartupProbe:   a.Startup.args(),
		Resources: &core.ResourceRequirementsArgs{
			Requests: pod.Quantities(a.Requests.CPU, a.Requests.Memory), Limits: pod.Quantities(a.Limits.CPU, a.Limits.Memory),
		},
		SecurityContext: pod.ContainerSecurity(0),
	}
	if len(a.Command) > 0 {
		container.Command = pulumi.ToStringArray(a.Command)
	}
	if a.Port != 0 {
		container.Ports = pod.ContainerPorts(a.port())
		// Nodes learn a few seconds late that a pod stops. Until then it must accept the connections that they send.
		container.Lifecycle = &core.LifecycleArgs{PreStop: &core.LifecycleHandlerArgs{Sleep: &core.SleepActionArgs{Seconds: pulumi.Int(drainSeconds)}}}
	}
	return container
}

func (a *WorkloadArgs) image() pulumi.StringInput {
	if a.Released != nil {
		return a.Released
	}
	return pulumi.String(a.Image)
}

func (a *WorkloadArgs) port() pod.Port { return pod.Port{Name: portName, Number: a.Port} }

// env is sorted, since a changed order would restart the pods.
func (a *WorkloadArgs) env(secret pulumi.StringPtrInput) core.EnvVarArray {
	var env core.EnvVarArray
	for _, key := range slices.Sorted(maps.Keys(a.Env)) {
		env = append(env, &core.EnvVarArgs{Name: pulumi.String(key), Value: pulumi.String(a.Env[key])})
	}
	for _, key := range slices.Sorted(maps.Keys(a.SecretEnv)) {
		env = append(env, &core.EnvVarArgs{
			Name: pulumi.String(key),
			ValueFrom: &core.EnvVarSourceArgs{SecretKeyRef: &core.SecretKeySelectorArgs{
				Name: secret, Key: pulumi.String(key),
			}},
		})
	}
	return env
}

func (a *WorkloadArgs) scratch() (volumes core.VolumeArray, mounts core.VolumeMountArray) {
	for i, path := range append([]string{"/tmp"}, a.WritablePaths...) {
		volume := fmt.Sprintf("scratch-%d", i)
		volumes = append(volumes, pod.Scratch(volume, scratchMiB))
		mounts = append(mounts, pod.Writable(volume, path, ""))
	}
	return volumes, mounts
}

// args returns an untyped nil for a nil probe: the SDK would send an interface with a nil pointer.
func (p *Probe) args() core.ProbePtrInput {
	if p == nil {
		return nil
	}
	probe := &core.ProbeArgs{
		PeriodSeconds:    pulumi.Int(orDefault(p.PeriodSeconds, 10)),
		TimeoutSeconds:   pulumi.Int(orDefault(p.TimeoutSeconds, 3)),
		FailureThreshold: pulumi.Int(orDefault(p.Failures, 3)),
	}
	if p.Path != "" {
		probe.HttpGet = &core.HTTPGetActionArgs{Path: pulumi.String(p.Path), Port: pulumi.String(portName)}
	} else {
		probe.Exec = &core.ExecActionArgs{Command: pulumi.ToStringArray(p.Command)}
	}
	return probe
}

func orDefault(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}
