package pod

import (
	"sort"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Mount puts a pod's volume at a path, read-only.
func Mount(volume, path string) core.VolumeMountArgs {
	return core.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path), ReadOnly: pulumi.Bool(true)}
}

// Writable puts a pod's volume at a path; subPath is empty for the whole volume.
func Writable(volume, path, subPath string) core.VolumeMountArgs {
	args := core.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
	if subPath != "" {
		args.SubPath = pulumi.String(subPath)
	}
	return args
}

// ConfigVolume holds the files of a ConfigMap; scripts among them can be run.
func ConfigVolume(volume string, configMap pulumi.StringInput) core.VolumeArgs {
	return core.VolumeArgs{
		Name:      pulumi.String(volume),
		ConfigMap: &core.ConfigMapVolumeSourceArgs{Name: configMap.ToStringOutput(), DefaultMode: pulumi.Int(0o555)},
	}
}

// SecretVolume holds the named files of a Secret, or all when none is named. Only the pod's group can read
// them: sidecars of another user are in it.
func SecretVolume(volume string, secret pulumi.StringInput, files ...string) core.VolumeArgs {
	source := &core.SecretVolumeSourceArgs{SecretName: secret.ToStringOutput(), DefaultMode: pulumi.Int(0o440)}
	sort.Strings(files)
	items := core.KeyToPathArray{}
	for _, file := range files {
		items = append(items, core.KeyToPathArgs{Key: pulumi.String(file), Path: pulumi.String(file)})
	}
	if len(items) > 0 {
		source.Items = items
	}
	return core.VolumeArgs{Name: pulumi.String(volume), Secret: source}
}

// Scratch is a volume for what may be lost with the pod, of at most so many MiB on the node's disk.
func Scratch(volume string, sizeMiB int) core.VolumeArgs {
	return core.VolumeArgs{
		Name:     pulumi.String(volume),
		EmptyDir: &core.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.Sprintf("%dMi", sizeMiB)},
	}
}

// MemoryScratch is a Scratch in memory; what is written counts against the container's memory limit.
func MemoryScratch(volume string, sizeMiB int) core.VolumeArgs {
	return core.VolumeArgs{
		Name:     pulumi.String(volume),
		EmptyDir: &core.EmptyDirVolumeSourceArgs{Medium: pulumi.String("Memory"), SizeLimit: pulumi.Sprintf("%dMi", sizeMiB)},
	}
}
