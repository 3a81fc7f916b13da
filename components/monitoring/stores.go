package monitoring

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// stores makes what keeps data on the disk.
func (b *builder) stores() error {
	if err := b.alertmanager(); err != nil {
		return err
	}
	return b.prometheus()
}

// volume gives a pod a directory of the disk, named as the pod is. Both stores' volumes are the same mount point, and
// both pods have the same group, since kubelet sets the group of the whole disk.
func (b *builder) volume(p pod.Pod) (*localvolume.Volume, error) {
	return localvolume.NewVolume(b.ctx, b.name+"-"+p.Name, &localvolume.VolumeArgs{
		Storage: b.args.Storage, Namespace: p.Namespace, StatefulSet: p.Name, Labels: p.Labels,
	}, b.child())
}

// statefulSet runs a pod on its volume, behind its Services; account is nil for a pod that has no business with the
// API server.
func (b *builder) statefulSet(p pod.Pod, port pod.Port, volume *localvolume.Volume, account *corev1.ServiceAccount) error {
	p.Claims = corev1.PersistentVolumeClaimTypeArray{volume.Claim()}
	set := p.StatefulSet()
	if account != nil {
		useAccount(set.Spec.(*appsv1.StatefulSetSpecArgs).Template.(*corev1.PodTemplateSpecArgs).Spec.(*corev1.PodSpecArgs), account)
	}
	if err := pod.NewServices(b.ctx, b.name+"-"+p.Name, p, []pod.Port{port}, b.child()); err != nil {
		return err
	}
	if _, err := appsv1.NewStatefulSet(b.ctx, b.name+"-"+p.Name, set, b.after(volume)); err != nil {
		return fmt.Errorf("create StatefulSet %s: %w", p.Name, err)
	}
	return nil
}

// data mounts a pod's directory of the disk.
func data(p pod.Pod, path string) corev1.VolumeMountArgs {
	return pod.Writable(localvolume.ClaimTemplate, path, p.Name)
}

// startup gives a server up to a number of minutes until it first answers.
func startup(path, port string, minutes int) *corev1.ProbeArgs {
	const period = 10 // seconds
	probe := pod.HTTP(path, port)
	probe.PeriodSeconds = pulumi.Int(period)
	probe.FailureThreshold = pulumi.Int(minutes * 60 / period)
	return probe
}
