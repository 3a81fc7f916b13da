package kubeadm_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const (
	encryptionParameter = "/dev/encryption"
	encryptionFile      = stateDir + "/" + kubeadm.EncryptionDir + "/" + kubeadm.EncryptionFile
)

// encryption is the part of the API server's EncryptionConfiguration that the scripts write.
type encryption struct {
	Kind      string
	Resources []struct {
		Resources []string
		Providers []struct {
			Secretbox *struct {
				Keys []struct{ Name, Secret string }
			}
			Identity *struct{}
		}
	}
}

func encryptionOf(t *testing.T, text string) encryption {
	t.Helper()
	var config encryption
	require.NoError(t, json.Unmarshal([]byte(text), &config))
	return config
}

func TestEncryption_KeyMadeOnceAndEscrowed(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	output := m.requireRun(controlPlaneScript)
	text := m.read(encryptionFile)
	config := encryptionOf(t, text)
	require.Equal(t, []string{"secrets"}, config.Resources[0].Resources)
	require.NotNil(t, config.Resources[0].Providers[1].Identity, "a Secret of before could not be read")
	key := config.Resources[0].Providers[0].Secretbox.Keys[0]
	require.NotContains(t, output, key.Secret)
	raw, err := base64.StdEncoding.DecodeString(key.Secret)
	require.NoError(t, err)
	require.Len(t, raw, 32)
	require.Equal(t, text, m.aws.values[encryptionParameter])
	require.Equal(t, "SecureString alias/dev", m.aws.kinds[encryptionParameter]+" "+m.aws.keys[encryptionParameter])
	info, err := os.Stat(m.path(encryptionFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NotContains(t, m.read("/calls"), key.Secret, "it is an argument of a process")

	m.requireRun(controlPlaneScript)
	require.Equal(t, text, m.read(encryptionFile))
	another := newControlPlane(t)
	another.requireRun(controlPlaneScript)
	require.NotEqual(t, text, another.read(encryptionFile), "two clusters share a key")
}

// A key that nobody can restore must encrypt nothing.
func TestEncryption_NotUsedBeforeEscrow(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	m.aws.denied = true
	output, err := m.run(controlPlaneScript)
	require.Error(t, err)
	require.Contains(t, output, "could not be read from or written to "+encryptionParameter)
	require.False(t, m.exists(encryptionFile))
	require.NotContains(t, m.read("/calls"), "kubeadm init")
}

// A new key would leave the Secrets of a restored backup unreadable.
func TestEncryption_KeyLost(t *testing.T) {
	t.Parallel()
	m := newControlPlane(t)
	for _, authority := range kubeadm.Authorities() {
		m.write(stateDir+"/pki/"+authority, "authority")
	}
	m.write(etcdDB, "\x00\x01k8s:enc:secretbox:v1:20260101T000000Z:\x02")
	output, err := m.run(controlPlaneScript)
	require.Error(t, err)
	require.Contains(t, output, "Secrets are encrypted, but neither")
	require.NotContains(t, m.read("/calls"), "kubeadm init")
	require.Empty(t, m.aws.values[encryptionParameter])
}
