package monitoring

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/pod"
)

// hostRoot is the mount point of the host's root file system.
const hostRoot = "/host/root"

// nodeExporter deploys node-exporter to every node, including the control plane, tainted nodes and nodes that are not ready.
func (b *builder) nodeExporter() error {
	port := pod.Port{Name: "metrics", Number: NodeExporterPort}
	p := b.pod("node-exporter", nobody)
	p.Namespace = b.args.NodeNamespace
	p.Placement = pod.Placement{
		NodeSelector: map[string]string{corev1.LabelOSStable: "linux"},
		Tolerations:  []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
	}
	p.Volumes = core.VolumeArray{
		hostPath("root", "/", "Directory"),
		hostPath("textfile", TextfileDir, "DirectoryOrCreate"),
	}
	root := pod.Mount("root", hostRoot)
	// Includes disks that are mounted later.
	root.MountPropagation = pulumi.String("HostToContainer")
	p.Containers = core.ContainerArray{core.ContainerArgs{
		Name:            pulumi.String(p.Name),
		Image:           pulumi.String(b.args.Images.NodeExporter),
		Args:            pulumi.ToStringArray(nodeExporterFlags()),
		Ports:           pod.ContainerPorts(port),
		Resources:       nodeExporterResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		ReadinessProbe:  pod.HTTP("/", port.Name),
		LivenessProbe:   pod.HTTP("/", port.Name),
		VolumeMounts:    core.VolumeMountArray{root, pod.Mount("textfile", TextfileDir)},
	}}
	spec := p.Spec()
	// It reads the host's network interfaces, processes and mounts.
	spec.HostNetwork = pulumi.Bool(true)
	spec.HostPID = pulumi.Bool(true)
	// Metrics matter most on a node under pressure: evict this pod last.
	spec.PriorityClassName = pulumi.String("system-node-critical")
	_, err := apps.NewDaemonSet(b.ctx, b.name+"-"+p.Name, &apps.DaemonSetArgs{
		Metadata: metadata(p),
		Spec: &apps.DaemonSetSpecArgs{
			Selector: &meta.LabelSelectorArgs{MatchLabels: p.Labels},
			Template: &core.PodTemplateSpecArgs{
				Metadata: &meta.ObjectMetaArgs{Labels: p.Labels},
				Spec:     spec,
			},
		},
		// Two of them cannot listen on the same port of a node.
	}, b.child(), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return fmt.Errorf("create DaemonSet %s: %w", p.Name, err)
	}
	return nil
}

func nodeExporterFlags() []string {
	return []string{
		fmt.Sprintf("--web.listen-address=:%d", NodeExporterPort),
		"--path.rootfs=" + hostRoot,
		"--path.procfs=" + hostRoot + "/proc",
		"--path.sysfs=" + hostRoot + "/sys",
		"--collector.textfile.directory=" + TextfileDir,
		// Mounts of containers and volumes repeat the figures of their disk.
		"--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/containerd/.+|var/lib/kubelet/.+)($|/)",
		// Every pod has an interface of its own, which would make many short-lived series.
		"--collector.netclass.ignored-devices=^(cali.*|tunl.*)$",
		"--collector.netdev.device-exclude=^(cali.*|tunl.*)$",
	}
}

func hostPath(volume, path, kind string) core.VolumeArgs {
	return core.VolumeArgs{Name: pulumi.String(volume), HostPath: &core.HostPathVolumeSourceArgs{
		Path: pulumi.String(path), Type: pulumi.String(kind),
	}}
}
