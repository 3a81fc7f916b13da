package stacks

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/internal/imagelock"
)

// ImageLock is the file of digests in the folder of Pulumi.yaml, beside that of charts; growbin images writes it. All stacks share
// it, as they share the versions.
const ImageLock = "images.lock"

// ImageArchitecture is the architecture of the nodes in the names of container images.
const ImageArchitecture = "amd64"

// projectFolder is the folder of Pulumi.yaml as seen from the program's folder, infra.
const projectFolder = ".."

// chartImages are images that a chart names; empty without its archive.
type chartImages struct{ operator, argoCD, argoCDRedis string }

// readChartImages reads archives that are those that were reviewed.
func readChartImages(folder string) (i chartImages, err error) {
	if err := checkCharts(folder); err != nil {
		return i, err
	}
	var other error
	i.operator, _, err = calico.OperatorImage("", folder)
	i.argoCD, i.argoCDRedis, _, other = argocd.Images("", folder)
	return i, errors.Join(err, other)
}

func (i chartImages) list() []string {
	return slices.DeleteFunc([]string{i.operator, i.argoCD, i.argoCDRedis}, func(image string) bool { return image == "" })
}

// Images returns the images that the program deploys in any stack, without the applications' and those of kubeadm, sorted. Those
// that charts name are there if the project's folder has the archives.
func Images(dir string) ([]string, error) {
	charts, err := readChartImages(filepath.Join(dir, ChartFolder))
	return publicImages(charts), err
}

func publicImages(charts chartImages) []string {
	watch := monitoring.DefaultImages()
	images := slices.Concat([]string{
		pins.RabbitMQ, pins.PostgreSQL, pins.PostgresExporter, pins.AWSCLI, pins.Redis, pins.RedisExporter, pins.CeleryExporter, pins.MetricsServer,
		watch.Prometheus, watch.Alertmanager, watch.Grafana, watch.NodeExporter, watch.KubeStateMetrics,
	}, calico.Images(""), charts.list())
	slices.Sort(images)
	return images
}

// LockImages makes the settings deploy images by the digests of the project's folder. It returns the images that have none; its
// error names every line of the file that is not in order.
func (s *Settings) LockImages(dir string) (without []string, err error) {
	if s.chartImages, err = readChartImages(filepath.Join(dir, ChartFolder)); err != nil {
		return nil, err
	}
	images := publicImages(s.chartImages)
	lock, err := imagelock.Read(filepath.Join(dir, ImageLock))
	problems := []error{err}
	for _, image := range lock.Unused(images) {
		problems = append(problems, fmt.Errorf("%s: %q must be an image that the program deploys: run growbin images", ImageLock, image))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, s.refuse("has digests of images that are not in order", err)
	}
	// The operator takes the digests of all images or of none.
	if network := calico.Images(""); len(lock.Without(network)) > 0 {
		maps.DeleteFunc(lock, func(image, _ string) bool { return slices.Contains(network, image) })
	}
	s.digests = lock
	return lock.Without(images), nil
}

// lockImages is LockImages with one line about the images that have no digest.
func lockImages(ctx *pulumi.Context, s *Settings, dir string) error {
	without, err := s.LockImages(dir)
	if err != nil || len(without) == 0 {
		return err
	}
	return ctx.Log.Info(fmt.Sprintf("%d public images are deployed by their tags, which can be moved, e.g. %s; growbin images -s %s records their digests",
		len(without), without[0], s.Stack), nil)
}

// pinned returns the image with its digest, where there is one.
func (s *Settings) pinned(image string) string { return s.digests.Pin(image) }

// pinnedTag returns the tag of a chart's image with its digest; empty where there is none, for the chart's own tag.
func (s *Settings) pinnedTag(image string) string {
	if s.digests[image] == "" {
		return ""
	}
	return image[strings.LastIndex(image, ":")+1:] + "@" + s.digests[image]
}

// networkDigests returns the digests of Calico's images; none where there are none.
func (s *Settings) networkDigests() map[string]string {
	digests := map[string]string{}
	for _, image := range calico.Images("") {
		if digest := s.digests[image]; digest != "" {
			digests[image] = digest
		}
	}
	return digests
}

// monitoringImages returns the images of monitoring with their digests.
func (s *Settings) monitoringImages() monitoring.Images {
	i := monitoring.DefaultImages()
	return monitoring.Images{
		Prometheus: s.pinned(i.Prometheus), Alertmanager: s.pinned(i.Alertmanager), Grafana: s.pinned(i.Grafana),
		NodeExporter: s.pinned(i.NodeExporter), KubeStateMetrics: s.pinned(i.KubeStateMetrics),
	}
}
