package pod

import (
	corek8s "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PodSecurity fits the "restricted" Pod Security Standard. The group owns the volume, so that a
// directory kubelet makes as root (a subPath) can be written to.
func PodSecurity(uid, group int) *corek8s.PodSecurityContextArgs {
	return &corek8s.PodSecurityContextArgs{
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(uid),
		RunAsGroup:   pulumi.Int(group),
		FsGroup:      pulumi.Int(group),
		// Always would walk the whole volume at each start and make group-writable what servers insist be
		// theirs alone (PostgreSQL's data directory, RabbitMQ's cookie).
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &corek8s.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// ContainerSecurity fits the "restricted" Pod Security Standard, with a read-only root file system. A uid
// of 0 keeps the pod's user; sidecars of another image have their own.
func ContainerSecurity(uid int) *corek8s.SecurityContextArgs {
	args := &corek8s.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
		Capabilities:             &corek8s.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
	}
	if uid != 0 {
		args.RunAsUser = pulumi.Int(uid)
	}
	return args
}
