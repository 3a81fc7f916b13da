package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// firstRunFakes answer as a stack that works. Each records its arguments.
var firstRunFakes = map[string]string{
	"pulumi": `case "$*" in
*"output clusterInfo"*) echo '{"dumpsBucket":"dumps-1","backupsBucket":"backups-1"}' ;;
*"output urls"*) echo '{"waste-api":"http://lb/api/v1/waste","chat-llm-api":"http://lb/api/v1/chat"}' ;;
*"output nodes"*) echo '{"k8s-redis":{"instanceId":"i-0redis"}}' ;;
esac`,
	"aws": "", "kubectl": "", "curl": "", "sleep": "",
	"go": `case "$*" in *kubeconfig*) echo apiVersion: v1 ;; esac`,
}

// The commands run in the order of the page, and hand the values of the stack on.
func TestFirstRun(t *testing.T) {
	realserver.Binary(t, "jq")
	folder := t.TempDir()
	for name, script := range firstRunFakes {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\necho \""+name+" $*\" >>\"$LOG\"\n"+script+"\n"), 0o700))
	}
	log := filepath.Join(folder, "log")
	_, code := split(read(t, "docs/first-run.md"))
	var script strings.Builder
	for _, line := range code {
		if !strings.HasPrefix(line, "```") {
			script.WriteString(line + "\n")
		}
	}
	_, err := realserver.Run(t, realserver.Command{
		Path: "/bin/bash", Args: []string{"-c", "set -euo pipefail\n" + script.String() + "wait\n"}, Dir: folder,
		Env: []string{"PATH=" + folder + ":" + os.Getenv("PATH"), "LOG=" + log, "HOME=" + folder},
	})
	require.NoError(t, err)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	last := -1
	for _, want := range []string{
		"pulumi stack init dev", "pulumi preview -s dev", "pulumi up --yes -s dev", "kubectl get nodes -o wide", "go run ./cmd/growbin verify -s dev",
		"http://lb/api/v1/chat", "kubectl -n data create job --from=cronjob/postgresql-backup-growbin first-run", "aws s3 ls s3://dumps-1/growbin/",
		"aws s3 ls s3://backups-1/etcd/", "aws ec2 terminate-instances --instance-ids i-0redis", "pulumi up --refresh --yes -s dev", "pulumi destroy --yes -s dev",
	} {
		at := strings.Index(string(text), want+"\n")
		assert.Greater(t, at, last, "%s is missing, or too early", want)
		last = at
	}
	info, err := os.Stat(filepath.Join(folder, "first-run.kubeconfig"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "others can read the kubeconfig")
}
