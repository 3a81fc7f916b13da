package pod

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Labels are the recommended labels of one part of an application: software ("redis"), the instance's name
// ("redis-cache") and the part ("server"). They select, too, so they never change for a given pod.
func Labels(software, instance, part string) pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":       pulumi.String(software),
		"app.kubernetes.io/instance":   pulumi.String(instance),
		"app.kubernetes.io/component":  pulumi.String(part),
		"app.kubernetes.io/managed-by": pulumi.String("pulumi"),
	}
}

// Scrape are the annotations by which Prometheus finds a pod's metrics at /metrics.
func Scrape(port int) pulumi.StringMap {
	return pulumi.StringMap{
		"prometheus.io/scrape": pulumi.String("true"),
		"prometheus.io/port":   pulumi.String(strconv.Itoa(port)),
		"prometheus.io/path":   pulumi.String("/metrics"),
	}
}
