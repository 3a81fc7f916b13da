package pod

import (
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Mount mounts a volume at a path, read-only.
func Mount(volume, path string) core.VolumeMountArgs {
	return core.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path), ReadOnly: pulumi.Bool(true)}
}

// Writable mounts a volume at a path. An empty subPath mounts the whole volume.
func Writable(volume, path, subPath string) core.VolumeMountArgs {
	args := core.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
	if subPath != "" {
		args.SubPath = pulumi.String(subPath)
	}
	return args
}

// ConfigVolume is a volume with the files of a ConfigMap, executable because some are scripts.
func ConfigVolume(volume string, configMap pulumi.StringInput) core.VolumeArgs {
	return core.VolumeArgs{
		Name:      pulumi.String(volume),
		ConfigMap: &core.ConfigMapVolumeSourceArgs{Name: configMap.ToStringOutput(), DefaultMode: pulumi.Int(0o555)},
	}
}

// SecretVolume is a volume with the given files of a Secret, or all if none is given. The pod's group can read them, since
// sidecars run as another user of that group.
func SecretVolume(volume string, secret pulumi.StringInput, files ...string) core.VolumeArgs {
	source := &core.SecretVolumeSourceArgs{SecretName: secret.ToStringOutput(), DefaultMode: pulumi.Int(0o440)}
	items := core.KeyToPathArray{}
	for _, file := range slices.Sorted(slices.Values(files)) {
		items = append(items, core.KeyToPathArgs{Key: pulumi.String(file), Path: pulumi.String(file)})
	}
	if len(items) > 0 {
		source.Items = items
	}
	return core.VolumeArgs{Name: pulumi.String(volume), Secret: source}
}

// Scratch is an emptyDir volume of at most sizeMiB on the node's disk.
func Scratch(volume string, sizeMiB int) core.VolumeArgs {
	return core.VolumeArgs{
		Name:     pulumi.String(volume),
		EmptyDir: &core.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.Sprintf("%dMi", sizeMiB)},
	}
}

// MemoryScratch is a Scratch in memory: its content counts against the container's memory limit.
func MemoryScratch(volume string, sizeMiB int) core.VolumeArgs {
	return core.VolumeArgs{
		Name:     pulumi.String(volume),
		EmptyDir: &core.EmptyDirVolumeSourceArgs{Medium: pulumi.String("Memory"), SizeLimit: pulumi.Sprintf("%dMi", sizeMiB)},
	}
}
