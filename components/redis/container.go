package redis

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const (
	port        = 6379
	metricsPort = 9121
	// imageUID is the user redis of the Debian images (docker-library/redis, Dockerfile).
	imageUID = 999
	// exporterUID is the user that redis_exporter's image is built for.
	exporterUID = 59000

	dataDir    = "/data"
	configDir  = "/etc/redis-config"
	configFile = "redis.conf"
	aclDir     = "/etc/redis-users"

	// files of the Secret
	aclFile          = "users.acl"
	exporterPassword = "exporter-password"

	// dataSubPath is the directory on the data volume.
	dataSubPath = "redis"
)

func podVolumes(kind Kind, config, secret pulumi.StringInput) core.VolumeArray {
	volumes := core.VolumeArray{
		pod.ConfigVolume("config", config),
		pod.SecretVolume("users", secret, aclFile),
	}
	if kind == Evictable {
		// Redis needs a working directory, even if it writes nothing to it.
		volumes = append(volumes, pod.Scratch(localvolume.PodVolumeName, 1))
	}
	return volumes
}

func (a ServersArgs) serverContainer(kind Kind, resources pod.Resources) core.ContainerArgs {
	// -e: an error reply, e.g. LOADING, is a failure.
	ping := []string{"redis-cli", "-e", "-h", "127.0.0.1", "-p", fmt.Sprint(port), "ping"}
	data := pod.Writable(localvolume.PodVolumeName, dataDir, "")
	if kind == Kept {
		data = pod.Writable(localvolume.PodVolumeName, dataDir, dataSubPath)
	}
	return core.ContainerArgs{
		Name:  pulumi.String("redis"),
		Image: pulumi.String(a.Image),
		// Replaces the image's entrypoint, which changes from root to redis.
		Command:         pulumi.ToStringArray([]string{"redis-server", configDir + "/" + configFile}),
		Ports:           pod.ContainerPorts(pod.Port{Name: "redis", Number: port}),
		Resources:       resources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		StartupProbe:    pod.Exec(2, 5, 150, ping...), // five minutes to read a full append-only file
		ReadinessProbe:  pod.Exec(10, 5, 3, ping...),
		LivenessProbe:   pod.Exec(20, 10, 6, ping...),
		VolumeMounts: core.VolumeMountArray{
			data, pod.Mount("config", configDir), pod.Mount("users", aclDir),
		},
	}
}

func (a ServersArgs) exporterContainer(secret pulumi.StringInput) core.ContainerArgs {
	return core.ContainerArgs{
		Name:  pulumi.String("exporter"),
		Image: pulumi.String(a.ExporterImage),
		Env: core.EnvVarArray{
			core.EnvVarArgs{Name: pulumi.String("REDIS_ADDR"), Value: pulumi.Sprintf("redis://127.0.0.1:%d", port)},
			core.EnvVarArgs{Name: pulumi.String("REDIS_USER"), Value: pulumi.String(exporterUser)},
			core.EnvVarArgs{Name: pulumi.String("REDIS_PASSWORD"), ValueFrom: &core.EnvVarSourceArgs{
				SecretKeyRef: &core.SecretKeySelectorArgs{Name: secret.ToStringOutput(), Key: pulumi.String(exporterPassword)},
			}},
			// CONFIG GET would expose every setting; INFO has the useful ones.
			core.EnvVarArgs{Name: pulumi.String("REDIS_EXPORTER_CONFIG_COMMAND"), Value: pulumi.String("-")},
			// /scrape?target= would send the password, or a request, to any address that a caller names.
			core.EnvVarArgs{Name: pulumi.String("REDIS_EXPORTER_DISABLE_SCRAPE_ENDPOINT"), Value: pulumi.String("true")},
		},
		Ports:           pod.ContainerPorts(pod.Port{Name: "metrics", Number: metricsPort}),
		Resources:       a.Exporter.Args(),
		SecurityContext: pod.ContainerSecurity(exporterUID),
		// No readiness probe: clients do not need metrics.
		LivenessProbe: pod.HTTP("/health", "metrics"),
	}
}
