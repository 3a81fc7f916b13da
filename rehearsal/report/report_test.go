package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample() *Report {
	r := &Report{
		Stack: "dev", KubernetesVersion: "v1.36.3", OK: true, Problems: []string{},
		Nodes: []Node{
			{Name: "k8s-master", Role: "control-plane", InstanceType: "t3.large", Zone: "ap-northeast-2a", PlannedCPU: 40.2, PlannedMemory: 12.9, Labels: map[string]string{"workload": "control-plane"}},
			{Name: "k8s-api-high-traffic", Role: "api", InstanceType: "t3.medium", Zone: "ap-northeast-2b", PlannedCPU: 73.6, PlannedMemory: 78.1, Band: &Band{70, 80}, Labels: map[string]string{"workload": "api"}},
		},
		Pods: []Pod{
			{"growbin", "waste-api-1", "waste-api", "k8s-api-high-traffic", "Running"},
			{"growbin", "waste-api-2", "waste-api", "k8s-api-high-traffic", "Running"},
			{"growbin", "auth-api-1", "auth-api", "k8s-api-high-traffic", "Running"},
		},
		OtherPods:        []Pod{{"kube-system", "coredns-1", "kube-dns", "k8s-master", "Running"}},
		Resources:        Resources{Created: 214, Deleted: 214},
		Phases:           []string{"tools", "preview", "up"},
		Seconds:          map[string]float64{"tools": 0.4, "preview": 5.25, "up": 31},
		NotInstalledHere: []NotInstalled{{Name: "argocd", Chart: "argo-cd", Version: "10.1.1", Reason: "no Helm"}},
		Real:             []string{"Pulumi engine 3.258.0", "etcd and the control plane of Kubernetes v1.36.3"},
		Simulated:        []string{"AWS", "kubelets and containers (kwok)"},
		PeakMemoryBytes:  3 << 29,
		CriticalPath:     []Wait{{"public-a", 10}, {"k8s-master", 11}},
	}
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	sample().Print(&out, false)
	golden(t, "success.txt", out.Bytes())

	failed := sample()
	failed.OK, failed.Problems = false, []string{"node k8s-redis has not joined the cluster", "pulumi up failed:\n  aws:ec2/vpc:Vpc main: no"}
	failed.Nodes[1].PlannedCPU = 91
	failed.Drill = &Drill{Name: "worker", About: "a machine is lost", Comparisons: []Comparison{
		{Subject: "pods of k8s-worker-ai", Before: "8", After: "8", Holds: true},
		{Subject: "volume of k8s-redis", Before: "vol-1", After: "vol-2"},
	}}
	out.Reset()
	failed.Print(&out, true)
	golden(t, "failure.txt", out.Bytes())
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "report.json")
	require.NoError(t, sample().Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	golden(t, "report.json", text)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays behind")
}
