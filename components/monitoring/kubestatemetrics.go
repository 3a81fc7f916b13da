package monitoring

import (
	"fmt"
	"strings"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// watchedObjects are the resources that rules and dashboards use, by API group. kube-state-metrics can read no others,
// in particular neither Secrets nor ConfigMaps.
func watchedObjects() []grant {
	read := []string{"list", "watch"}
	return []grant{
		{"", []string{"namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods"}, read},
		{"apps", []string{"daemonsets", "deployments", "statefulsets"}, read},
		{"batch", []string{"cronjobs", "jobs"}, read},
	}
}

func kubeStateMetricsFlags() []string {
	var resources []string
	for _, g := range watchedObjects() {
		resources = append(resources, g.resources...)
	}
	return []string{
		fmt.Sprintf("--port=%d", KubeStateMetricsPort),
		fmt.Sprintf("--telemetry-port=%d", telemetryPort),
		"--resources=" + strings.Join(resources, ","),
	}
}

// telemetryPort serves kube-state-metrics's own readiness.
const telemetryPort = 8081

func (b *builder) kubeStateMetrics() error {
	port := pod.Port{Name: "http", Number: KubeStateMetricsPort}
	telemetry := pod.Port{Name: "telemetry", Number: telemetryPort}
	p := b.pod(KubeStateMetricsService, nobody)
	account, err := b.account(p, watchedObjects())
	if err != nil {
		return err
	}
	p.Containers = core.ContainerArray{core.ContainerArgs{
		Name:            pulumi.String(p.Name),
		Image:           pulumi.String(b.args.Images.KubeStateMetrics),
		Args:            pulumi.ToStringArray(kubeStateMetricsFlags()),
		Ports:           pod.ContainerPorts(port, telemetry),
		Resources:       kubeStateMetricsResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		StartupProbe:    startup("/livez", port.Name, 2),
		ReadinessProbe:  pod.HTTP("/readyz", telemetry.Name),
		LivenessProbe:   pod.HTTP("/livez", port.Name),
	}}
	if err := b.service(p, port, 0); err != nil {
		return err
	}
	spec := p.Spec()
	useAccount(spec, account)
	return b.deployment(p, spec)
}
