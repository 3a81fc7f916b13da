package monitoring

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// stores deploys the parts with persistent data.
func (b *builder) stores() error {
	if err := b.alertmanager(); err != nil {
		return err
	}
	return b.prometheus()
}

// volume creates the volume of a pod. The volumes of both stores are the same mount point; each pod uses a directory named
// like itself. Both pods have the same group, since kubelet sets the group of the whole disk.
func (b *builder) volume(p pod.Pod) (*localvolume.Volume, error) {
	return localvolume.NewVolume(b.ctx, b.name+"-"+p.Name, &localvolume.VolumeArgs{
		Storage: b.args.Storage, Namespace: p.Namespace, Claim: p.Name, Labels: p.Labels,
	}, b.child())
}

// statefulSet runs a pod with its volume and its Services. Account is nil for a pod without access to the API server.
func (b *builder) statefulSet(p pod.Pod, port pod.Port, volume *localvolume.Volume, account *core.ServiceAccount) error {
	p.Volumes = append(p.Volumes, volume.PodVolume())
	set := p.StatefulSet()
	if account != nil {
		useAccount(set.Spec.(*apps.StatefulSetSpecArgs).Template.(*core.PodTemplateSpecArgs).Spec.(*core.PodSpecArgs), account)
	}
	if err := pod.NewServices(b.ctx, b.name+"-"+p.Name, p, []pod.Port{port}, b.child()); err != nil {
		return err
	}
	if _, err := apps.NewStatefulSet(b.ctx, b.name+"-"+p.Name, set, b.after(volume)); err != nil {
		return fmt.Errorf("create StatefulSet %s: %w", p.Name, err)
	}
	return nil
}

// data mounts the pod's directory of the disk.
func data(p pod.Pod, path string) core.VolumeMountArgs {
	return pod.Writable(localvolume.PodVolumeName, path, p.Name)
}

// startup is a startup probe that fails after the given minutes.
func startup(path, port string, minutes int) *core.ProbeArgs {
	const period = 10 // seconds
	probe := pod.HTTP(path, port)
	probe.PeriodSeconds = pulumi.Int(period)
	probe.FailureThreshold = pulumi.Int(minutes * 60 / period)
	return probe
}
