package postgresql

import (
	"fmt"
	"path"
	"strconv"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const (
	port        = 5432
	metricsPort = 9187
	// imageUID is the user, and group, postgres of the Debian images (docker-library/postgres, Dockerfile).
	imageUID = 999
	// exporterUID is the user nobody of the exporter's image.
	exporterUID = 65534

	dataDir      = "/var/lib/postgresql/data"
	socketDir    = "/var/run/postgresql"
	configDir    = "/etc/postgresql-config"
	passwordsDir = "/etc/postgresql-passwords"
	monitorDir   = "/etc/postgresql-monitor"
	backupDir    = "/backups"
	// receivedDir is where receive.sh writes a dump from elsewhere; backupDir is read-only in the server's container.
	receivedDir = dataDir + "/received"

	// directories on the data volume
	dataSubPath   = "postgresql"
	backupSubPath = "backups"

	// sharedMemoryMiB is the size in MiB of /dev/shm, by which parallel queries exchange rows.
	sharedMemoryMiB = 64
	// startSeconds is the maximum duration in seconds of the first start, or of the recovery of max_wal_size after a crash.
	startSeconds = 600
)

// files returns the content of the ConfigMap.
func (a ServerArgs) files() map[string]string {
	files := map[string]string{
		"postgresql.conf": SettingsFor(a.Server.Limits.MemoryMiB, a.MaxConnections).Render(),
		"pg_hba.conf":     HostBasedAccess(a.Monitor, a.Databases),
		"pg_ident.conf":   IdentMap(superuser),
		"databases":       DatabaseTable(a.Databases),
		"clients":         ClientTable(a.Databases),
		"grants.sql":      grantsScript,
		"provision.sh":    provisionScript,
		"backup.sh":       backupScript,
		"restore.sh":      restoreScript,
		"receive.sh":      receiveScript,
	}
	if a.Upload != nil {
		files["upload.sh"], files[uploadConfig] = uploadScript, uploadConfiguration
	}
	return files
}

func podVolumes(config, secret pulumi.StringInput, monitor string) core.VolumeArray {
	return core.VolumeArray{
		pod.ConfigVolume("config", config),
		pod.SecretVolume("passwords", secret),
		pod.SecretVolume("monitor", secret, monitor),
		pod.Scratch("run", 1),
		pod.Scratch("tmp", 64),
		pod.MemoryScratch("shm", sharedMemoryMiB),
	}
}

func (a ServerArgs) serverContainer() core.ContainerArgs {
	ready := []string{"pg_isready", "--quiet", "--host=127.0.0.1"}
	return core.ContainerArgs{
		Name:  pulumi.String("postgresql"),
		Image: pulumi.String(a.Image),
		Args:  pulumi.ToStringArray([]string{"postgres", "-c", "config_file=" + path.Join(configDir, "postgresql.conf")}),
		Env: env(map[string]string{
			// A directory below the mount point: initdb needs an empty directory that the server owns.
			"PGDATA":                 path.Join(dataDir, "pgdata"),
			"POSTGRES_PASSWORD_FILE": path.Join(passwordsDir, superuser),
			// C.UTF-8 sorts the same in every version of the image. Other locales change with the C library, which
			// corrupts indexes.
			"POSTGRES_INITDB_ARGS": "--data-checksums --encoding=UTF8 --locale=C.UTF-8",
			"DATABASES_FILE":       path.Join(configDir, "databases"),
			"CLIENTS_FILE":         path.Join(configDir, "clients"),
			"PASSWORDS_DIR":        passwordsDir,
			"MONITOR":              a.Monitor,
			"DUMP_CONNECTIONS":     strconv.Itoa(dumpConnections),
			"RECEIVED_DIR":         receivedDir,
			"WAIT_SECONDS":         strconv.Itoa(startSeconds),
		}),
		Ports:           pod.ContainerPorts(pod.Port{Name: "postgresql", Number: port}),
		Resources:       a.Server.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		// The container is ready only after this hook has succeeded, so that no client connects before the databases
		// exist. Its output goes to the container's log.
		Lifecycle: &core.LifecycleArgs{PostStart: &core.LifecycleHandlerArgs{Exec: &core.ExecActionArgs{
			Command: pulumi.ToStringArray([]string{"bash", "-c", fmt.Sprintf("exec %s >/proc/1/fd/2 2>&1", path.Join(configDir, "provision.sh"))}),
		}}},
		StartupProbe:   pod.Exec(5, 5, startSeconds/5, ready...),
		ReadinessProbe: pod.Exec(10, 5, 3, ready...),
		LivenessProbe:  pod.Exec(20, 10, 6, ready...),
		VolumeMounts: core.VolumeMountArray{
			pod.Writable(localvolume.PodVolumeName, dataDir, dataSubPath),
			readOnly(pod.Writable(localvolume.PodVolumeName, backupDir, backupSubPath)), // for restore.sh
			pod.Mount("config", configDir),
			pod.Mount("passwords", passwordsDir),
			pod.Writable("run", socketDir, ""),
			pod.Writable("tmp", "/tmp", ""),
			pod.Writable("shm", "/dev/shm", ""),
		},
	}
}

func (a ServerArgs) exporterContainer() core.ContainerArgs {
	return core.ContainerArgs{
		Name:  pulumi.String("exporter"),
		Image: pulumi.String(a.ExporterImage),
		Env: env(map[string]string{
			"DATA_SOURCE_URI":       fmt.Sprintf("127.0.0.1:%d/postgres?sslmode=disable", port),
			"DATA_SOURCE_USER":      a.Monitor,
			"DATA_SOURCE_PASS_FILE": path.Join(monitorDir, a.Monitor),
		}),
		Ports:           pod.ContainerPorts(pod.Port{Name: "metrics", Number: metricsPort}),
		Resources:       a.Exporter.Args(),
		SecurityContext: pod.ContainerSecurity(exporterUID),
		// No readiness probe: clients do not need metrics.
		LivenessProbe: pod.HTTP("/", "metrics"),
		VolumeMounts:  core.VolumeMountArray{pod.Mount("monitor", monitorDir)},
	}
}
