package stacks

import (
	"slices"

	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/pins"
)

// prefetched returns the images of the node's pods that need no credentials. The instance pulls them while it waits for others,
// those first that make the node ready.
func (s *Settings) prefetched(n Node) []string {
	watch := monitoring.DefaultImages()
	images := append(calico.NodeImages(""), watch.NodeExporter)
	images = append(images, map[string][]string{
		nodeRabbitMQ:   {pins.RabbitMQ},
		nodePostgreSQL: {pins.PostgreSQL, pins.PostgresExporter, pins.AWSCLI},
		nodeRedis:      {pins.Redis, pins.RedisExporter},
		nodeMonitoring: {watch.Prometheus, watch.Grafana, watch.Alertmanager, watch.KubeStateMetrics, pins.CeleryExporter},
	}[n.Name]...)
	for i, image := range images {
		images[i] = s.pinned(image)
	}
	if s.RegistryUsername != "" { // the instance has no credentials
		return images
	}
	for _, application := range catalog {
		if slices.ContainsFunc(s.nodesOf(application), func(other Node) bool { return other.Name == n.Name }) {
			images = append(images, s.Image(application.Name))
		}
	}
	return images
}

// MachineImages returns the container images inside a prebuilt machine image: the public ones of all nodes. Growbin's own are
// left out, since every release would outdate the image.
func (s *Settings) MachineImages() []string {
	var images []string
	for _, n := range s.Nodes {
		for _, image := range s.prefetched(n) {
			if !slices.Contains(images, image) && !s.own(image) {
				images = append(images, image)
			}
		}
	}
	return images
}

// own reports whether an image is one of Growbin's applications.
func (s *Settings) own(image string) bool {
	return slices.ContainsFunc(catalog, func(a Application) bool { return s.Image(a.Name) == image })
}
