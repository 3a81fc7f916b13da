package boot

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/components/kubeadm"
)

// encryptionKey leaves the keys of Secrets on the data volume, as the boot scripts do: those on the disk, those of the parameter,
// or a new one, which the parameter holds first. Those on the disk are written to the parameter again.
func (a *attempt) encryptionKey() error {
	path := filepath.Join(a.volume, kubeadm.EncryptionDir, kubeadm.EncryptionFile)
	kept, err := os.ReadFile(path)
	if err == nil {
		return a.put(a.node.EncryptionParameter, kept)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	keys, err := a.machine.GetParameter(a.node.EncryptionParameter)
	if err != nil {
		return fmt.Errorf("the keys of Secrets could not be read: %w", err)
	}
	if !strings.Contains(keys, "secretbox") {
		database, err := os.ReadFile(filepath.Join(a.volume, "etcd", "member", "snap", "db"))
		if err == nil && bytes.Contains(database, []byte("k8s:enc:secretbox")) {
			return fmt.Errorf("Secrets are encrypted, but neither the data volume nor %s has their key", a.node.EncryptionParameter)
		}
		if keys, err = newEncryption("first"); err != nil {
			return err
		}
		if err := a.put(a.node.EncryptionParameter, []byte(keys)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the directory of the keys: %w", err)
	}
	return os.WriteFile(path, []byte(keys), 0o600)
}

// newEncryption returns an EncryptionConfiguration with a new key. Values that are not encrypted can be read.
func newEncryption(name string) (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
		"resources": []any{map[string]any{"resources": []string{"secrets"}, "providers": []any{
			map[string]any{"secretbox": map[string]any{"keys": []any{map[string]string{"name": name, "secret": base64.StdEncoding.EncodeToString(key)}}}},
			map[string]any{"identity": map[string]any{}},
		}}},
	})
	return string(text), err
}
