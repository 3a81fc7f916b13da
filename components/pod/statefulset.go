package pod

import (
	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pod describes a pod and, for a store, its StatefulSet with one replica.
type Pod struct {
	// Name of the controller, e.g. the StatefulSet; its headless Service is Headless(Name).
	Name        string
	Namespace   pulumi.StringInput
	Labels      pulumi.StringMap
	Annotations pulumi.StringMap
	Placement   Placement
	// UID is the numeric user and group of the containers.
	UID        int
	Containers core.ContainerArray
	Volumes    core.VolumeArray
	// GraceSeconds is the time in seconds between SIGTERM and SIGKILL.
	GraceSeconds int
}

// Headless returns the name of a StatefulSet's headless Service.
func Headless(name string) string { return name + "-headless" }

// StatefulSet returns a StatefulSet with one replica of the pod.
func (p Pod) StatefulSet() *apps.StatefulSetArgs {
	return &apps.StatefulSetArgs{
		Metadata: &meta.ObjectMetaArgs{Name: pulumi.String(p.Name), Namespace: p.Namespace.ToStringOutput(), Labels: p.Labels},
		Spec: &apps.StatefulSetSpecArgs{
			Replicas:    pulumi.Int(1),
			ServiceName: pulumi.String(Headless(p.Name)),
			Selector:    &meta.LabelSelectorArgs{MatchLabels: p.Labels},
			// With OrderedReady, a pod that never becomes ready blocks its own update.
			PodManagementPolicy: pulumi.String("Parallel"),
			// No volumeClaimTemplates: they are immutable, and a claim of the set would go with it.
			Template: &core.PodTemplateSpecArgs{
				Metadata: &meta.ObjectMetaArgs{Labels: p.Labels, Annotations: p.Annotations},
				Spec:     p.Spec(),
			},
		},
	}
}

// Spec returns the pod's specification.
func (p Pod) Spec() *core.PodSpecArgs {
	return &core.PodSpecArgs{
		NodeSelector:    pulumi.ToStringMap(p.Placement.NodeSelector),
		Affinity:        p.Placement.affinity(),
		Tolerations:     TolerationArgs(p.Placement.Tolerations),
		SecurityContext: PodSecurity(p.UID, p.UID),
		Containers:      p.Containers,
		Volumes:         p.Volumes,
		// No pod needs the API server by default. Service links would set variables (RABBITMQ_PORT, REDIS_PORT) that images
		// read as configuration.
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		TerminationGracePeriodSeconds: pulumi.Int(p.GraceSeconds),
	}
}

// Exec is a probe that runs a command in the container.
func Exec(periodSeconds, timeoutSeconds, failures int, command ...string) *core.ProbeArgs {
	return &core.ProbeArgs{
		Exec:             &core.ExecActionArgs{Command: pulumi.ToStringArray(command)},
		PeriodSeconds:    pulumi.Int(periodSeconds),
		TimeoutSeconds:   pulumi.Int(timeoutSeconds),
		FailureThreshold: pulumi.Int(failures),
	}
}

// HTTP is a probe that requests a path of a named port.
func HTTP(path, port string) *core.ProbeArgs {
	return &core.ProbeArgs{
		HttpGet:          &core.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port)},
		PeriodSeconds:    pulumi.Int(20),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(3),
	}
}
