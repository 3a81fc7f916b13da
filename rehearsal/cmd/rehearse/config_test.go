package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/stacks"
)

// The repository's own files, as the program will see them.
const repository = "../../.."

func TestSettingsOfBothStacks(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		r := &rehearsal{apiPort: 40123}
		config, secrets := r.ownConfig()
		for key, value := range secrets {
			config[key] = value
		}
		settings, err := loadSettings(repository, stack, config)
		require.NoError(t, err)
		assert.Equal(t, 40123, settings.APITunnelPort)
		assert.Len(t, settings.Nodes, 9)
		assert.Equal(t, stack == "prod", settings.DeletionProtection)

		r.settings = settings
		want := r.expected()
		require.Len(t, want.Nodes, 9)
		assert.Equal(t, "node-role.kubernetes.io/control-plane", want.Nodes[0].RoleLabel)
		assert.Equal(t, "node-role.kubernetes.io/control-plane", want.Nodes[0].Taints[0].Key)
		pods := 0
		for _, workload := range want.Workloads {
			pods += workload.Replicas
		}
		assert.Equal(t, 28+len(stacks.Services()), pods)
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	_, err := loadSettings(repository, "nowhere", nil)
	assert.ErrorContains(t, err, "Pulumi.nowhere.yaml")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("config: [x"), 0o600))
	_, err = loadSettings(dir, "dev", nil)
	assert.ErrorContains(t, err, "Pulumi.yaml")
}

func TestAsPulumiStores(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{{"text", "text"}, {true, "true"}, {16443.0, "16443"}, {[]any{"a", "b"}, `["a","b"]`}} {
		got, err := asPulumiStores(test.value)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
}
