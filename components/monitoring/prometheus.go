package monitoring

import (
	"time"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

const prometheusDataDir = "/prometheus"

func (b *builder) prometheus() error {
	port := pod.Port{Name: "http", Number: PrometheusPort}
	p := b.pod(PrometheusService, nobody)
	account, err := b.account(p, []grant{
		{"", []string{"nodes", "pods"}, []string{"get", "list", "watch"}},
		// Required by kubelet for /metrics and /metrics/cadvisor; nodes/proxy would allow much more.
		{"", []string{"nodes/metrics"}, []string{"get"}},
	}, "/metrics")
	if err != nil {
		return err
	}
	// The API servers are the EndpointSlices of one Service in this namespace.
	if err := b.grantIn("default", p, account,
		grant{"", []string{"services"}, []string{"get", "list", "watch"}},
		grant{"discovery.k8s.io", []string{"endpointslices"}, []string{"get", "list", "watch"}},
	); err != nil {
		return err
	}
	config, err := b.prometheusConfigMap(p)
	if err != nil {
		return err
	}
	volume, err := b.volume(p)
	if err != nil {
		return err
	}
	// Prometheus writes its head block to disk before it exits.
	p.GraceSeconds = 120
	p.Volumes = core.VolumeArray{pod.ConfigVolume("config", config)}
	p.Containers = core.ContainerArray{core.ContainerArgs{
		Name:            pulumi.String(PrometheusService),
		Image:           pulumi.String(b.args.Images.Prometheus),
		Args:            pulumi.ToStringArray(prometheusFlags(b.args)),
		Ports:           pod.ContainerPorts(port),
		Resources:       prometheusResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		// Replaying a write-ahead log of a few GiB takes minutes on a small machine.
		StartupProbe:   startup("/-/ready", port.Name, 15),
		ReadinessProbe: pod.HTTP("/-/ready", port.Name),
		LivenessProbe:  pod.HTTP("/-/healthy", port.Name),
		VolumeMounts: core.VolumeMountArray{
			pod.Mount("config", configDir),
			data(p, prometheusDataDir),
		},
	}}
	return b.statefulSet(p, port, volume, account)
}

// prometheusFlags returns Prometheus's command line.
func prometheusFlags(a *MonitoringArgs) []string {
	return []string{
		"--config.file=" + configDir + "/" + configFile,
		"--storage.tsdb.path=" + prometheusDataDir,
		// The age is meant to be reached first; the size protects the disk.
		"--storage.tsdb.retention.time=" + promDuration(time.Duration(a.RetentionDays)*24*time.Hour),
		"--storage.tsdb.retention.size=" + gigabytes(a.RetentionGiB),
	}
}

func (b *builder) prometheusConfigMap(p pod.Pod) (pulumi.StringOutput, error) {
	config, err := renderPrometheus(b.args)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	rules, err := renderRules(b.args)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pod.NewConfigMap(b.ctx, b.name+"-"+p.Name, p, map[string]string{configFile: config, rulesFile: rules}, b.child())
}
