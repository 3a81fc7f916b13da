package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoadConfig_Unreadable(t *testing.T) {
	_, err := loadConfig("..", "nowhere", nil)
	assert.ErrorContains(t, err, "Pulumi.nowhere.yaml")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("config: [x"), 0o600))
	_, err = loadConfig(dir, "dev", nil)
	assert.ErrorContains(t, err, "Pulumi.yaml")
}
