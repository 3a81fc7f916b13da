package nodecommand_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/nodecommand"
)

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
		require.True(t, nodecommand.IsAudit(nodecommand.Audit(lines, find)), find)
		command := strings.Replace(nodecommand.Audit(lines, find), kubeadm.AuditLog, filepath.Join(dir, "audit.log"), 1)
		out, err := exec.Command("bash", "-c", command).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	assert.Equal(t, "2026-11-24T10:00:00Z 200 anna get data/secrets/old 10.0.0.1 kubectl/v1\n2026-11-26T10:00:00Z 200 anna get data/secrets/it's?[2J 10.0.0.1 kubectl/v1\n"+
		"2026-11-26T11:00:00Z 200 bob delete data/pods/redis 10.0.0.1 kubectl/v1\n", audit(10, ""))
	assert.Equal(t, "2026-11-26T11:00:00Z 200 bob delete data/pods/redis 10.0.0.1 kubectl/v1\n", audit(1, ""))
	assert.Contains(t, audit(10, "it's"), "secrets/it's")
	assert.Equal(t, "no such event\n", audit(10, "$(reboot)"))
	for _, command := range []string{
		"", "id", "id; " + nodecommand.Audit(1, ""), nodecommand.Audit(1, "") + "id\n", strings.Replace(nodecommand.Audit(1, "x"), "'x'", "'x'; id; 'x'", 1), nodecommand.RotateKey(),
	} {
		assert.False(t, nodecommand.IsAudit(command), command)
	}
}
