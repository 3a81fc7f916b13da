package forecast

import "github.com/growbin/cluster/internal/forecast"

// images are sizes of amd64 images in MB, compressed and unpacked, and the seconds that their program needs until it serves.
// All are estimates from neighbouring versions: registries show sizes per version, and none of these was looked up. Growbin's own
// images are taken for Python ones of the usual size.
var images = map[string]forecast.Image{
	"registry.k8s.io/kube-apiserver":          {Compressed: 28, Unpacked: 92},
	"registry.k8s.io/kube-controller-manager": {Compressed: 23, Unpacked: 76},
	"registry.k8s.io/kube-scheduler":          {Compressed: 18, Unpacked: 54},
	"registry.k8s.io/kube-proxy":              {Compressed: 27, Unpacked: 74},
	"registry.k8s.io/coredns/coredns":         {Compressed: 23, Unpacked: 78},
	"registry.k8s.io/etcd":                    {Compressed: 23, Unpacked: 64},
	"registry.k8s.io/pause":                   {Compressed: 0.3, Unpacked: 0.8},

	"quay.io/tigera/operator":         {Compressed: 50, Unpacked: 160},
	"quay.io/calico/node":             {Compressed: 155, Unpacked: 410},
	"quay.io/calico/cni":              {Compressed: 70, Unpacked: 165},
	"quay.io/calico/typha":            {Compressed: 32, Unpacked: 85},
	"quay.io/calico/kube-controllers": {Compressed: 50, Unpacked: 125},

	"rabbitmq": {Compressed: 118, Unpacked: 270, Start: 12},
	"postgres": {Compressed: 155, Unpacked: 440, Start: 6},
	"redis":    {Compressed: 45, Unpacked: 120, Start: 1},
	"quay.io/prometheuscommunity/postgres-exporter": {Compressed: 12, Unpacked: 26, Start: 1},
	"oliver006/redis_exporter":                      {Compressed: 4, Unpacked: 10, Start: 1},

	"prom/prometheus":    {Compressed: 130, Unpacked: 330, Start: 4},
	"prom/alertmanager":  {Compressed: 38, Unpacked: 80, Start: 2},
	"prom/node-exporter": {Compressed: 13, Unpacked: 26, Start: 1},
	"registry.k8s.io/kube-state-metrics/kube-state-metrics": {Compressed: 17, Unpacked: 52, Start: 2},
	"grafana/grafana":             {Compressed: 200, Unpacked: 720, Start: 12},
	"danihodovic/celery-exporter": {Compressed: 60, Unpacked: 170, Start: 4},

	"quay.io/argoproj/argocd":                 {Compressed: 180, Unpacked: 480, Start: 5},
	"ecr-public.aws.com/docker/library/redis": {Compressed: 25, Unpacked: 70, Start: 1},

	"ghcr.io/growbin/": {Compressed: 150, Unpacked: 450, Start: 6},
}
