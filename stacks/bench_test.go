package stacks

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

// BenchmarkProgram runs the program against the simulated account, with the topology and with ten and a hundred times its nodes:
// time and memory per node should stay constant.
func BenchmarkProgram(b *testing.B) {
	for _, nodes := range []int{9, 90, 900} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			for b.Loop() {
				deployNodes(b, nodes)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*nodes), "µs/node")
		})
	}
}

// deployNodes deploys dev with additional copies of the AI worker.
func deployNodes(b *testing.B, count int) {
	cloud := awssim.New(awssim.Options{
		Quotas: map[string]float64{vcpuQuota: float64(2 * count)},
		Boot: fakeboot.New(func(machine string, err error) {
			b.Errorf("%s: %v", machine, err)
		}),
	})
	defer cloud.Close()
	config := map[string]string{}
	for key, value := range readConfig(b, "dev", map[string]string{
		"publicSubnetCidrs": `["10.1.0.0/18","10.1.64.0/18","10.1.128.0/18"]`,
	}) {
		config[ConfigPrefix+key] = value
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		settings, err := LoadSettings(ctx)
		if err != nil {
			return err
		}
		worker, err := nodeNamed(settings.Nodes, "k8s-worker-ai")
		if err != nil {
			return err
		}
		for len(settings.Nodes) < count {
			worker.Name = fmt.Sprintf("k8s-worker-%d-more", len(settings.Nodes))
			worker.Zone = len(settings.Nodes) % len(settings.AvailabilityZones)
			settings.Nodes = append(settings.Nodes, worker)
		}
		_, err = build(ctx, settings)
		return err
	}, pulumi.WithMocks("growbin", "dev", mocks.New(cloud)), func(info *pulumi.RunInfo) {
		info.Config = config
		for key := range testSecrets {
			info.ConfigSecretKeys = append(info.ConfigSecretKeys, ConfigPrefix+key)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}
