package pod

import (
	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pod is the one pod of a store's StatefulSet.
type Pod struct {
	// Name is the name of the StatefulSet; its headless Service is Headless(Name).
	Name        string
	Namespace   pulumi.StringInput
	Labels      pulumi.StringMap
	Annotations pulumi.StringMap
	Placement   Placement
	// UID is the user, and the group, that the image's server runs as.
	UID        int
	Containers core.ContainerArray
	Volumes    core.VolumeArray
	// Claims are empty for a store without persistence.
	Claims core.PersistentVolumeClaimTypeArray
	// GraceSeconds is how long the server may take to write everything down and end.
	GraceSeconds int
}

// Headless is the name of a StatefulSet's headless Service.
func Headless(name string) string { return name + "-headless" }

// StatefulSet is the pod's StatefulSet, with one replica.
func (p Pod) StatefulSet() *apps.StatefulSetArgs {
	return &apps.StatefulSetArgs{
		Metadata: &meta.ObjectMetaArgs{Name: pulumi.String(p.Name), Namespace: p.Namespace.ToStringOutput(), Labels: p.Labels},
		Spec: &apps.StatefulSetSpecArgs{
			Replicas:    pulumi.Int(1),
			ServiceName: pulumi.String(Headless(p.Name)),
			Selector:    &meta.LabelSelectorArgs{MatchLabels: p.Labels},
			// With OrderedReady a pod that never becomes ready blocks its own correction.
			PodManagementPolicy:  pulumi.String("Parallel"),
			VolumeClaimTemplates: p.Claims,
			// The claim goes with the set, so that destroy leaves nothing; the data stay, as the volume is retained.
			PersistentVolumeClaimRetentionPolicy: &apps.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
				WhenDeleted: pulumi.String("Delete"),
				WhenScaled:  pulumi.String("Retain"),
			},
			Template: &core.PodTemplateSpecArgs{
				Metadata: &meta.ObjectMetaArgs{Labels: p.Labels, Annotations: p.Annotations},
				Spec:     p.Spec(),
			},
		},
	}
}

// Spec is the pod's specification.
func (p Pod) Spec() *core.PodSpecArgs {
	return &core.PodSpecArgs{
		NodeSelector:    p.Placement.Selector(),
		Tolerations:     p.Placement.TolerationArgs(),
		SecurityContext: PodSecurity(p.UID, p.UID),
		Containers:      p.Containers,
		Volumes:         p.Volumes,
		// A server has no business with the API server, and a Service of its own name would set variables
		// (RABBITMQ_PORT, REDIS_PORT) that images read as configuration.
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

// HTTP is a probe that asks for a path of a named port.
func HTTP(path, port string) *core.ProbeArgs {
	return &core.ProbeArgs{
		HttpGet:          &core.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port)},
		PeriodSeconds:    pulumi.Int(20),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(3),
	}
}
