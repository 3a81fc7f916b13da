package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
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
	out, err := runOnControlPlane(t.Context(), run, prod(t), "revoke admin", kubeadm.RevokeCommand(kubeadm.Admin))
	require.NoError(t, err)
	assert.Equal(t, "done", out)
	_, err = execute(t, "revoke", "-C", "../..", "-s", "prod", "root; reboot")
	assert.ErrorContains(t, err, `"root; reboot" must be one of [deployer admin reader previewer]`)
}
