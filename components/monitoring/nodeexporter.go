package monitoring

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	k8s "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/pod"
)

// hostRoot is where node-exporter sees its host's root file system.
const hostRoot = "/host/root"

// nodeExporter runs on every node there is: the control plane, tainted nodes, and nodes that are not ready.
func (b *builder) nodeExporter() error {
	port := pod.Port{Name: "metrics", Number: NodeExporterPort}
	p := b.pod("node-exporter", nobody)
	p.Placement = pod.Placement{
		NodeSelector: map[string]string{k8s.LabelOSStable: "linux"},
		Tolerations:  []k8s.Toleration{{Operator: k8s.TolerationOpExists}},
	}
	p.Volumes = corev1.VolumeArray{
		hostPath("root", "/", "Directory"),
		hostPath("textfile", TextfileDir, "DirectoryOrCreate"),
	}
	root := pod.Mount("root", hostRoot)
	// Disks that are mounted later are seen, too.
	root.MountPropagation = pulumi.String("HostToContainer")
	p.Containers = corev1.ContainerArray{corev1.ContainerArgs{
		Name:            pulumi.String(p.Name),
		Image:           pulumi.String(b.args.Images.NodeExporter),
		Args:            pulumi.ToStringArray(nodeExporterFlags()),
		Ports:           pod.ContainerPorts(port),
		Resources:       nodeExporterResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		ReadinessProbe:  pod.HTTP("/", port.Name),
		LivenessProbe:   pod.HTTP("/", port.Name),
		VolumeMounts:    corev1.VolumeMountArray{root, pod.Mount("textfile", TextfileDir)},
	}}
	spec := p.Spec()
	// It looks at the host: its network interfaces, its processes, its mounts. It changes none of them.
	spec.HostNetwork = pulumi.Bool(true)
	spec.HostPID = pulumi.Bool(true)
	// A node in trouble is the one to be watched: evict this pod last.
	spec.PriorityClassName = pulumi.String("system-node-critical")
	_, err := appsv1.NewDaemonSet(b.ctx, b.name+"-"+p.Name, &appsv1.DaemonSetArgs{
		Metadata: meta(p),
		Spec: &appsv1.DaemonSetSpecArgs{
			Selector: &metav1.LabelSelectorArgs{MatchLabels: p.Labels},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: p.Labels},
				Spec:     spec,
			},
		},
	}, b.child())
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
		// One mount for each container and volume says nothing that its disk does not say.
		"--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/containerd/.+|var/lib/kubelet/.+)($|/)",
		// Interfaces of pods come and go, each with its own series.
		"--collector.netclass.ignored-devices=^(cali.*|tunl.*)$",
		"--collector.netdev.device-exclude=^(cali.*|tunl.*)$",
	}
}

func hostPath(volume, path, kind string) corev1.VolumeArgs {
	return corev1.VolumeArgs{Name: pulumi.String(volume), HostPath: &corev1.HostPathVolumeSourceArgs{
		Path: pulumi.String(path), Type: pulumi.String(kind),
	}}
}
