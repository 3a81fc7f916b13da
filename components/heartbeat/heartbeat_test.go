package heartbeat

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/internal/testing/recorder"
	"github.com/growbin/cluster/internal/testing/storetest"
)

func args() *HeartbeatArgs {
	return &HeartbeatArgs{
		Namespace: pulumi.String("monitoring"), Placement: storetest.Placement("watch"), Image: "amazon/aws-cli:2.37.5", Region: "ap-northeast-2",
		RoleARN: pulumi.String("arn:aws:iam::000000000000:role/beat"), Cluster: "lab", MetricNamespace: "Lab", AlertmanagerURL: "http://alertmanager:9093",
	}
}

func TestNewHeartbeat(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewHeartbeat(ctx, "beat", args())
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, heartbeatType)
	job := r.One(t, "kubernetes:batch/v1:CronJob", "beat")
	const spec = "spec.jobTemplate.spec.template.spec"
	job.RequireRestricted(t, spec)
	job.RequireMounts(t, spec)
	assert.Equal(t, "beat", job.Value(spec+".serviceAccountName"))
	assert.Equal(t, "*/5 * * * *", job.Value("spec.schedule"))
	r.One(t, "kubernetes:core/v1:ServiceAccount", "beat")
}

func TestNewHeartbeat_Invalid(t *testing.T) {
	err := (&HeartbeatArgs{Image: "amazon/aws-cli"}).Validate()
	for _, want := range []string{"Namespace: not set", "RoleARN: not set", "Region: not set", "Cluster: not set", "MetricNamespace: not set", "AlertmanagerURL: not set", "Image: \"amazon/aws-cli\" must", "Placement."} {
		assert.ErrorContains(t, err, want)
	}
}

// beat runs the script with an AWS CLI that prints its arguments.
func beat(t *testing.T, alertmanager string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "aws"), []byte("#!/bin/sh\necho \"$*\"\n"), 0o700))
	return realserver.Run(t, realserver.Command{Path: realserver.Binary(t, "bash"), Args: []string{"-c", script}, Dir: folder, Env: []string{
		"PATH=" + folder + ":" + os.Getenv("PATH"), "ALERTMANAGER_URL=" + alertmanager, "METRIC_NAMESPACE=Lab", "CLUSTER=lab",
	}})
}

// The real Alertmanager is silent until Prometheus sends the alert that always fires.
func TestScript_NeedsTheWatchdog(t *testing.T) {
	system, binary := realserver.InSystem(t, realserver.BrokerSystem, "prometheus-alertmanager")
	amtool := realserver.Binary(t, "amtool")
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.yml"), []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600))
	address := fmt.Sprintf("127.0.0.1:%d", realserver.FreePort(t))
	url := "http://" + address
	server := realserver.Start(t, realserver.Command{Path: binary, Dir: folder, System: system, Args: []string{
		"--config.file=config.yml", "--storage.path=" + folder, "--web.listen-address=" + address, "--cluster.listen-address=",
	}})
	server.WaitFor(t, "ready", time.Minute, func() error {
		response, err := http.Get(url + "/-/ready")
		if err == nil {
			response.Body.Close()
		}
		return err
	})
	_, err := beat(t, url)
	require.ErrorContains(t, err, "Alertmanager has no alert Watchdog")
	realserver.MustRun(t, realserver.Command{Path: amtool, Args: []string{"alert", "add", "Watchdog", "severity=none", "--alertmanager.url=" + url}, Dir: folder, Env: []string{"HOME=" + folder}})
	server.WaitFor(t, "holding the alert", time.Minute, func() error { _, err := beat(t, url); return err })
	out, err := beat(t, url)
	require.NoError(t, err)
	assert.Contains(t, out, "cloudwatch put-metric-data --namespace Lab --metric-name Heartbeat --dimensions Cluster=lab --value 1")
}

func TestScript_NoAlertmanager(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := beat(t, server.URL)
	require.ErrorContains(t, err, "404")
}
