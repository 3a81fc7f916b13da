package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	k8s "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// sampleArgs are complete and valid; testdata/rules_test.yml is written for them.
func sampleArgs() *MonitoringArgs {
	return &MonitoringArgs{
		Namespace: pulumi.String("watch"),
		Cluster:   "lab",
		Placement: pod.Placement{
			NodeSelector: map[string]string{"role": "watch"},
			Tolerations:  []k8s.Toleration{{Key: "role", Value: "watch", Effect: k8s.TaintEffectNoSchedule}},
		},
		Storage: localvolume.Storage{NodeName: "watch-one", Path: "/var/lib/data", SizeGiB: 40, ClassName: pulumi.String("local-data")},
		Nodes: []Node{
			{Name: "api-one", Purpose: "API", Band: &Band{40, 60}},
			{Name: "ai-one", Purpose: "AI workers", Band: &Band{60, 80}},
			{Name: "store-one", Purpose: "Database"},
			{Name: "watch-one", Purpose: "Monitoring"},
		},
		Queues:           []Queue{{Name: "q.work", BacklogMessages: 100}, {Name: "q.slow", BacklogMessages: 1000}},
		DeadLetterQueues: []string{"q.dead"},
		Backups: []Backup{
			{Namespace: "store", CronJob: "backup-main", MaxAge: 26 * time.Hour},
			{Namespace: "store", CronJob: "backup-audit", MaxAge: 26 * time.Hour},
		},
		EtcdBackupMaxAge: 13 * time.Hour,
		Receiver:         &Receiver{Kind: ReceiverSlack, URL: pulumi.String("https://hooks.example.com/T0/B0/secret-part"), Channel: "#alerts"},
		GrafanaURL:       "https://grafana.example.com",
	}
}

// complete is sampleArgs as NewMonitoring uses them.
func complete() *MonitoringArgs { return sampleArgs().withDefaults() }

// tool finds a program that a check needs. Where continuous integration runs it has to be there; elsewhere the check is
// reported as not run.
func tool(t *testing.T, name string, alsoIn ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range alsoIn {
		found, _ := filepath.Glob(filepath.Join(dir, name))
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: install the package that has it", name)
	}
	t.Skipf("NOT RUN: %s is not installed", name)
	return ""
}

// runTool runs a program in a folder and returns what it printed.
func runTool(t *testing.T, dir, path string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(path, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	return string(out), err
}

// write puts files into a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}
