package workload

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scratchLimit bounds each writable directory, so that a pod cannot fill its node's disk.
const scratchLimit = "256Mi"

func (a *Args) podTemplate(name string, secret pulumi.StringPtrInput) *corev1.PodTemplateSpecArgs {
	volumes, mounts := a.scratch()
	spec := &corev1.PodSpecArgs{
		NodeSelector: pulumi.ToStringMap(a.NodeSelector),
		Tolerations:  a.tolerations(),
		// A workload has no business with the API server; one that has gets its own service account.
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		TerminationGracePeriodSeconds: pulumi.Int(orDefault(a.GraceSeconds, 30)),
		SecurityContext: &corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(orDefault(a.User, 1000)),
			RunAsGroup:     pulumi.Int(orDefault(a.User, 1000)),
			FsGroup:        pulumi.Int(orDefault(a.User, 1000)),
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{a.container(name, secret, mounts)},
		Volumes:    volumes,
	}
	if a.PullSecret != nil {
		spec.ImagePullSecrets = corev1.LocalObjectReferenceArray{&corev1.LocalObjectReferenceArgs{
			Name: a.PullSecret.ToStringOutput().ToStringPtrOutput(),
		}}
	}
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(a.labels(name)), Annotations: pulumi.ToStringMap(a.Annotations)},
		Spec:     spec,
	}
}

func (a *Args) container(name string, secret pulumi.StringPtrInput, mounts corev1.VolumeMountArray) *corev1.ContainerArgs {
	container := &corev1.ContainerArgs{
		Name:           pulumi.String(name),
		Image:          pulumi.String(a.Image),
		Env:            a.env(secret),
		VolumeMounts:   mounts,
		LivenessProbe:  a.Liveness.toArgs(),
		ReadinessProbe: a.Readiness.toArgs(),
		StartupProbe:   a.Startup.toArgs(),
		Resources: &corev1.ResourceRequirementsArgs{
			Requests: a.Requests.toArgs(), Limits: a.Limits.toArgs(),
		},
		SecurityContext: &corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
			Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
	}
	if len(a.Command) > 0 {
		container.Command = pulumi.ToStringArray(a.Command)
	}
	if a.Port != 0 {
		container.Ports = corev1.ContainerPortArray{&corev1.ContainerPortArgs{
			Name: pulumi.String(portName), ContainerPort: pulumi.Int(a.Port),
		}}
	}
	return container
}

// env is sorted, since a changed order would restart the pods.
func (a *Args) env(secret pulumi.StringPtrInput) corev1.EnvVarArray {
	var env corev1.EnvVarArray
	for _, key := range slices.Sorted(maps.Keys(a.Env)) {
		env = append(env, &corev1.EnvVarArgs{Name: pulumi.String(key), Value: pulumi.String(a.Env[key])})
	}
	for _, key := range slices.Sorted(maps.Keys(a.SecretEnv)) {
		env = append(env, &corev1.EnvVarArgs{
			Name: pulumi.String(key),
			ValueFrom: &corev1.EnvVarSourceArgs{SecretKeyRef: &corev1.SecretKeySelectorArgs{
				Name: secret, Key: pulumi.String(key),
			}},
		})
	}
	return env
}

func (a *Args) scratch() (volumes corev1.VolumeArray, mounts corev1.VolumeMountArray) {
	for i, path := range append([]string{"/tmp"}, a.WritablePaths...) {
		volume := fmt.Sprintf("scratch-%d", i)
		volumes = append(volumes, &corev1.VolumeArgs{
			Name: pulumi.String(volume), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(scratchLimit)},
		})
		mounts = append(mounts, &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)})
	}
	return volumes, mounts
}

func (a *Args) tolerations() corev1.TolerationArray {
	var out corev1.TolerationArray
	for _, t := range a.Tolerations {
		toleration := &corev1.TolerationArgs{Key: pulumi.String(t.Key), Operator: pulumi.String(string(t.Operator))}
		if t.Value != "" {
			toleration.Value = pulumi.String(t.Value)
		}
		if t.Effect != "" {
			toleration.Effect = pulumi.String(string(t.Effect))
		}
		out = append(out, toleration)
	}
	return out
}

// toArgs returns an untyped nil where there is no probe, as an interface holding a nil pointer would be sent.
func (p *Probe) toArgs() corev1.ProbePtrInput {
	if p == nil {
		return nil
	}
	probe := &corev1.ProbeArgs{
		PeriodSeconds:    pulumi.Int(orDefault(p.PeriodSeconds, 10)),
		TimeoutSeconds:   pulumi.Int(orDefault(p.TimeoutSeconds, 3)),
		FailureThreshold: pulumi.Int(orDefault(p.Failures, 3)),
	}
	if p.Path != "" {
		probe.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(p.Path), Port: pulumi.String(portName)}
	} else {
		probe.Exec = &corev1.ExecActionArgs{Command: pulumi.ToStringArray(p.Command)}
	}
	return probe
}

func (r Resources) toArgs() pulumi.StringMap {
	out := pulumi.StringMap{}
	if r.CPU != "" {
		out["cpu"] = pulumi.String(r.CPU)
	}
	if r.Memory != "" {
		out["memory"] = pulumi.String(r.Memory)
	}
	return out
}

func orDefault(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}
