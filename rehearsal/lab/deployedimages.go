package lab

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/rehearsal/lab/debian"
	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/rehearsal/tools"
)

// deployed is an image that the program deploys, in the lab.
type deployed struct {
	image.Image
	// contents say what the image has in the lab, for the report.
	contents string
}

// postgresEntrypoint does the part of the original's that the pod needs: a new cluster in an empty directory.
const postgresEntrypoint = `#!/bin/bash
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --pgdata="$PGDATA" $POSTGRES_INITDB_ARGS
fi
exec "$@"
`

// absentSource answers the probes of a pod whose software cannot be had.
const absentSource = `package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	log.Print("boot lab: this image has no software, it answers probes only")
	log.Fatal(http.ListenAndServe(":"+os.Args[1], http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
}
`

// pythonPath is the directory of the reference application in its image.
const pythonPath = "/app"

// deployedImages returns the images that the program deploys, under the names that it deploys them with.
func (l *Lab) deployedImages(ctx context.Context) ([]deployed, error) {
	broker, err := l.layer(ctx, debian.Broker)
	if err != nil {
		return nil, err
	}
	store, err := l.layer(ctx, debian.Stores)
	if err != nil {
		return nil, err
	}
	absent, err := l.compile(ctx, "absent", absentSource)
	if err != nil {
		return nil, err
	}
	builder, err := l.builder()
	if err != nil {
		return nil, err
	}
	built, err := builder.Build(ctx, tools.Monitoring()...)
	if err != nil {
		return nil, err
	}
	program := func(tool tools.Tool) (image.Image, string) {
		version, err := builder.Version(tool)
		if err != nil {
			version = err.Error()
		}
		return image.Image{Files: []rootfs.File{rootfs.Program("/bin/"+tool.Name, built[tool.Name])}, Entrypoint: []string{tool.Name}},
			"built from its Go module " + version
	}
	var images []deployed
	add := func(pin string, described image.Image, contents string) error {
		reference, err := name.ParseReference(pin)
		if err != nil {
			return fmt.Errorf("image %s: %w", pin, err)
		}
		described.Name = reference.Context().RepositoryStr() + ":" + reference.Identifier()
		images = append(images, deployed{described, contents})
		return nil
	}
	for _, tool := range tools.Monitoring() {
		described, contents := program(tool)
		if err := add(pinOf[tool.Name], described, contents); err != nil {
			return nil, err
		}
	}
	for _, i := range []struct {
		pin, contents string
		image.Image
	}{
		// Debian's own rabbitmq-server is a wrapper that logs into files.
		{pins.RabbitMQ, "RabbitMQ of Debian sid", image.Image{Base: broker, Environment: []string{"PATH=/usr/lib/rabbitmq/bin:/usr/bin:/bin"}}},
		{pins.Redis, "Redis 7.0 of Debian bookworm", image.Image{Base: store}},
		{pins.RedisExporter, "redis_exporter of Debian sid", image.Image{Base: broker, Entrypoint: []string{"prometheus-redis-exporter"}}},
		{pins.Alertmanager, "Alertmanager of Debian sid: its module lacks the files of its interface", image.Image{Base: broker, Entrypoint: []string{"prometheus-alertmanager"}}},
		{pins.PostgreSQL, "PostgreSQL 15 of Debian bookworm", image.Image{
			Base: store, Entrypoint: []string{"docker-entrypoint.sh"}, Environment: []string{"PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin"},
			Files: []rootfs.File{{Path: "/usr/local/bin/docker-entrypoint.sh", Mode: 0o755, Content: postgresEntrypoint}},
		}},
		{pins.Grafana, absentContents, absentImage(absent, "3000")},
		{pins.CeleryExporter, absentContents, absentImage(absent, "9808")},
	} {
		if err := add(i.pin, i.Image, i.contents); err != nil {
			return nil, err
		}
	}
	applications, err := l.applicationImages(ctx)
	return append(images, applications...), err
}

const absentContents = "no software: the image cannot be had, so a program of the lab answers its probes"

func absentImage(program, port string) image.Image {
	return image.Image{Files: []rootfs.File{rootfs.Program("/absent", program)}, Entrypoint: []string{"/absent", port}}
}

// pinOf are the images of the tools in tools.Monitoring.
var pinOf = map[string]string{
	"prometheus": pins.Prometheus, "node_exporter": pins.NodeExporter, "postgres_exporter": pins.PostgresExporter, "kube-state-metrics": pins.KubeStateMetrics,
	"metrics-server": pins.MetricsServer,
}

// applicationImages returns those of the catalog: the reference application, as each of them.
func (l *Lab) applicationImages(ctx context.Context) ([]deployed, error) {
	base, err := l.layer(ctx, debian.Python)
	if err != nil {
		return nil, err
	}
	files, err := applicationFiles(filepath.Join(l.options.Root, "examples", "growbin-app"))
	if err != nil {
		return nil, err
	}
	_, released, err := l.settings.ReleaseImage(releasedAPI, releasedTag)
	if err != nil {
		return nil, err
	}
	names := map[string]string{released: releasedAPI}
	for _, application := range l.settings.Applications() {
		names[l.settings.Image(application.Name)] = application.Name
	}
	var images []deployed
	for _, pin := range slices.Sorted(maps.Keys(names)) {
		application := names[pin]
		reference, err := name.ParseReference(pin)
		if err != nil {
			return nil, fmt.Errorf("image of %s: %w", application, err)
		}
		images = append(images, deployed{image.Image{
			Name: reference.Context().RepositoryStr() + ":" + reference.Identifier(), Base: base, Files: files, WorkingDir: pythonPath,
			Command: []string{"python3", "-m", "uvicorn", "apis." + strings.ReplaceAll(application, "-", "_") + ":app", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"},
			// Where the lab has the services that AWS, OpenAI and Kakao have on the internet.
			Environment: []string{
				"PYTHONPATH=" + pythonPath, "PYTHONDONTWRITEBYTECODE=1", "CHECK_SECONDS=30",
				"AWS_ENDPOINT_URL_S3=http://" + s3Address, "AWS_ENDPOINT_URL_STS=http://" + stsAddress,
				"OPENAI_BASE_URL=http://" + openAIAddress + "/v1", "KAKAO_BASE_URL=http://" + kakaoAddress,
			},
		}, "examples/growbin-app on Python, Celery, FastAPI of Debian sid"})
	}
	return images, nil
}

// applicationFiles returns the reference application's Python files, and the settings of its migrations.
func applicationFiles(directory string) ([]rootfs.File, error) {
	var files []rootfs.File
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".py" && filepath.Ext(path) != ".ini" {
			return err
		}
		text, err := os.ReadFile(path)
		files = append(files, rootfs.File{Path: pythonPath + strings.TrimPrefix(path, directory), Content: string(text)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the reference application: %w", err)
	}
	return files, nil
}
