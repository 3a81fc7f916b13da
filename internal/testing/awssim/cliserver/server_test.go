package cliserver_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/cliserver"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// reader may read one parameter, and nothing else.
const reader = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:*:*:parameter/team/*"}]}`

// serve returns the real AWS CLI for an account.
func serve(t *testing.T, cli string, cloud *awssim.Cloud) func(args ...string) string {
	t.Cleanup(cloud.Close)
	objects := s3server.New()
	t.Cleanup(objects.Close)
	server := cliserver.New(cloud, objects)
	t.Cleanup(server.Close)
	folder := t.TempDir()
	require.NoError(t, realserver.InstallAWSCLI(folder, cli, server.URL()))
	return func(args ...string) string {
		command := exec.Command(filepath.Join(folder, "aws"), append(args, "--output", "text")...)
		command.Env = append(os.Environ(), server.Environment()...)
		out, _ := command.CombinedOutput()
		return string(out)
	}
}

// The real AWS CLI gets answers and refusals in its own words.
func TestServer_RealCLI(t *testing.T) {
	cli := realserver.Binary(t, "aws")
	cloud := awssim.New(awssim.Options{Region: "ap-northeast-2"})
	run := serve(t, cli, cloud)
	put := []string{"ssm", "put-parameter", "--name", "/team/lock", "--type", "String", "--value", "mine", "--query", "Version"}
	assert.Equal(t, "1\n", run(put...))
	assert.Contains(t, run(put...), "(ParameterAlreadyExists)")
	for args, want := range map[[2]string]string{
		{"ec2", "describe-instances"}:        "",
		{"ec2", "describe-snapshots"}:        "",
		{"elbv2", "describe-target-groups"}:  "",
		{"acm", "list-certificates"}:         "",
		{"ec2", "describe-vpcs"}:             "DescribeVpcs is not modeled by the simulated AWS",
		{"ssm", "describe-parameters"}:       "DescribeParameters is not modeled by the simulated AWS",
		{"elbv2", "describe-load-balancers"}: "DescribeLoadBalancers is not modeled by the simulated AWS",
		{"cloudwatch", "list-metrics"}:       "ListMetrics is not modeled by the simulated AWS",
		{"sts", "get-caller-identity"}:       "sts is not modeled by the simulated AWS",
	} {
		if got := run(args[0], args[1]); want == "" {
			assert.Empty(t, got, "%v", args)
		} else {
			assert.Contains(t, got, want, "%v", args)
		}
	}
	assert.Contains(t, run("s3", "ls", "s3://none"), "(NoSuchBucket)")
	require.NoError(t, cloud.Assume("reader", reader))
	assert.Contains(t, run("s3", "ls", "s3://none"), "(AccessDenied)")
	get := []string{"ssm", "get-parameter", "--query", "Parameter.Value", "--name"}
	assert.Equal(t, "mine\n", run(append(get, "/team/lock")...))
	assert.Contains(t, run(append(get, "/other")...), "(AccessDeniedException)")
	assert.Contains(t, run("ec2", "describe-instances"), "(UnauthorizedOperation)")
	assert.Contains(t, run("ec2", "describe-snapshots"), "(UnauthorizedOperation)")
	assert.Contains(t, run("elbv2", "describe-target-groups"), "(AccessDenied)")
	assert.Contains(t, run("cloudwatch", "describe-alarms"), "(AccessDenied)")
	assert.Contains(t, run("acm", "list-certificates"), "(AccessDeniedException)")
	assert.Contains(t, run("ssm", "delete-parameter", "--name", "/team/lock"), "(AccessDeniedException)")
	cloud.Leave()
	assert.Empty(t, run("ssm", "delete-parameter", "--name", "/team/lock"))
	assert.Contains(t, run("ssm", "delete-parameter", "--name", "/team/lock"), "(ParameterNotFound)")
}
