package pod

import (
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PodSecurity conforms to the restricted Pod Security Standard. The group owns the volumes, so that the pod can write to
// a subPath, which kubelet creates as root.
func PodSecurity(uid, group int) *core.PodSecurityContextArgs {
	return &core.PodSecurityContextArgs{
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(uid),
		RunAsGroup:   pulumi.Int(group),
		FsGroup:      pulumi.Int(group),
		// Always would walk the whole volume at every start, and make files group-writable that servers refuse to share
		// (PostgreSQL's data directory, RabbitMQ's cookie).
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &core.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// ContainerSecurity conforms to the restricted Pod Security Standard, with a read-only root file system. If uid is 0, the
// pod's user applies; sidecars of another image have their own.
func ContainerSecurity(uid int) *core.SecurityContextArgs {
	args := &core.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
		Capabilities:             &core.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
	}
	if uid != 0 {
		args.RunAsUser = pulumi.Int(uid)
	}
	return args
}
