package pod

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Labels returns the recommended labels of one part of an application: the software, e.g. "redis", the name of the
// instance, e.g. "redis-cache", and the part, e.g. "server". They are the selector too, so they are immutable.
func Labels(software, instance, part string) pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":       pulumi.String(software),
		"app.kubernetes.io/instance":   pulumi.String(instance),
		"app.kubernetes.io/component":  pulumi.String(part),
		"app.kubernetes.io/managed-by": pulumi.String("pulumi"),
	}
}

// ScrapeAnnotations returns the annotations by which Prometheus discovers a pod that serves /metrics.
func ScrapeAnnotations(port int) map[string]string {
	return map[string]string{
		"prometheus.io/scrape": "true",
		"prometheus.io/port":   strconv.Itoa(port),
		"prometheus.io/path":   "/metrics",
	}
}
