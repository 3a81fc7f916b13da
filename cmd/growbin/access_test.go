package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/stacks"
)

func prod(t *testing.T) *stacks.Settings {
	t.Helper()
	settings, err := stacks.ReadSettings("../..", "prod", nil)
	require.NoError(t, err)
	return settings
}

func TestKubeconfig_OfTheIdentity(t *testing.T) {
	published := "clusters:\n- name: c\n  cluster: {server: 'https://10.0.0.10:6443'}\n"
	value, err := json.Marshal(kubeadm.KubeconfigMessage{InstanceID: "i-1", Kubeconfig: published})
	require.NoError(t, err)
	settings := prod(t)
	for identity, name := range map[kubeadm.Identity]string{kubeadm.Reader: "/growbin-prod/access/reader", kubeadm.Admin: "/growbin-prod/access/admin"} {
		var out strings.Builder
		run := func(_ context.Context, args ...string) ([]byte, error) {
			require.Equal(t, "ssm get-parameter --name "+name+" --with-decryption", strings.Join(args, " "))
			return json.Marshal(map[string]any{"Parameter": map[string]string{"Value": string(value)}})
		}
		require.NoError(t, printKubeconfig(t.Context(), run, settings, identity, "", &out))
		require.Contains(t, out.String(), "server: https://127.0.0.1:")
		require.Contains(t, out.String(), "tls-server-name: k8s-master")
	}
	pending := func(context.Context, ...string) ([]byte, error) {
		return []byte(`{"Parameter":{"Value":"pending"}}`), nil
	}
	require.ErrorContains(t, printKubeconfig(t.Context(), pending, settings, kubeadm.Reader, "", &strings.Builder{}), "has published nothing yet")
}

func TestRevoke_RunsOnTheControlPlane(t *testing.T) {
	pollEvery = time.Millisecond
	run := func(_ context.Context, args ...string) ([]byte, error) {
		switch line := strings.Join(args, " "); {
		case strings.HasPrefix(line, "ec2 describe-instances"):
			require.Contains(t, line, "Name=tag:Name,Values=k8s-master")
			return []byte(`[{"ID":"i-1","LaunchTime":"2026-11-26T00:00:00Z"}]`), nil
		case strings.HasPrefix(line, "ssm send-command"):
			require.Contains(t, line, `{"commands":["/usr/local/lib/kubeadm-bootstrap/publish.sh --revoke admin"]}`)
			return []byte(`{"Command": {"CommandId": "c-1"}}`), nil
		default:
			return []byte(`{"Status": "Success", "StandardOutputContent": "done"}`), nil
		}
	}
	out, err := runOnControlPlane(t.Context(), run, prod(t), "revoke admin", userdata.PublishPath+" --revoke admin")
	require.NoError(t, err)
	assert.Equal(t, "done", out)
	_, err = execute(t, "revoke", "-C", "../..", "-s", "prod", "root; reboot")
	assert.ErrorContains(t, err, `"root; reboot" must be one of [deployer admin reader previewer]`)
}

// TestAudit_Script runs the command as the control plane's shell would.
func TestAudit_Script(t *testing.T) {
	dir := t.TempDir()
	event := func(time, user, verb, resource, name string) string {
		return `{"kind":"Event","requestURI":"/api","verb":"` + verb + `","user":{"username":"` + user + `"},"sourceIPs":["10.0.0.1"],"userAgent":"kubectl/v1 (x)",` +
			`"objectRef":{"resource":"` + resource + `","namespace":"data","name":"` + name + `"},"responseStatus":{"code":200},"requestReceivedTimestamp":"` + time + `.000000Z"}` + "\n"
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("audit-2026-11-25T00-00-00.000.log", event("2026-11-24T10:00:00", "anna", "get", "secrets", "old"))
	write("audit.log", event("2026-11-26T10:00:00", "anna", "get", "secrets", "it's"+`\u001b[2J`)+event("2026-11-26T11:00:00", "bob", "delete", "pods", "redis")+`{"half`)
	audit := func(lines int, find string) string {
		command := strings.Replace(auditCommand(lines, find), kubeadm.AuditLog, filepath.Join(dir, "audit.log"), 1)
		out, err := exec.Command("bash", "-c", command).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	assert.Equal(t, "2026-11-24T10:00:00Z 200 anna get data/secrets/old 10.0.0.1 kubectl/v1\n2026-11-26T10:00:00Z 200 anna get data/secrets/it's?[2J 10.0.0.1 kubectl/v1\n"+
		"2026-11-26T11:00:00Z 200 bob delete data/pods/redis 10.0.0.1 kubectl/v1\n", audit(10, ""))
	assert.Equal(t, "2026-11-26T11:00:00Z 200 bob delete data/pods/redis 10.0.0.1 kubectl/v1\n", audit(1, ""))
	assert.Contains(t, audit(10, "it's"), "secrets/it's")
	assert.Equal(t, "no such event\n", audit(10, "$(reboot)"))
}
