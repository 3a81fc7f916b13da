package deb

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// Key signs repositories.
type Key struct{ entity *openpgp.Entity }

// NewKey makes a key that lives as long as this process.
func NewKey(name string) (*Key, error) {
	entity, err := openpgp.NewEntity(name, "", "lab@localhost", nil)
	if err != nil {
		return nil, fmt.Errorf("making a key that signs repositories: %w", err)
	}
	return &Key{entity}, nil
}

// Public is the ASCII-armoured key that apt checks signatures with.
func (k *Key) Public() ([]byte, error) {
	var text bytes.Buffer
	writer, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, fmt.Errorf("writing the public key: %w", err)
	}
	if err := k.entity.Serialize(writer); err != nil {
		return nil, fmt.Errorf("writing the public key: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("writing the public key: %w", err)
	}
	return text.Bytes(), nil
}

func (k *Key) sign(text []byte) ([]byte, error) {
	var signed bytes.Buffer
	writer, err := clearsign.Encode(&signed, k.entity.PrivateKey, nil)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(text); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return signed.Bytes(), nil
}

// Repository is a folder that apt installs from, once it is served over HTTP.
type Repository struct {
	Folder string
	// Suite and Component place the index as in "deb URL bookworm stable"; both empty for a flat one, "deb URL /".
	Suite, Component string
	// Age is how long ago the index was made: apt keeps the newest that it has seen.
	Age time.Duration
}

// Publish builds the packages into the repository's folder and writes its signed index.
func (r *Repository) Publish(key *Key, packages ...*Package) error {
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		return fmt.Errorf("repository: %w", err)
	}
	var index strings.Builder
	for _, p := range packages {
		if err := p.Build(r.Folder); err != nil {
			return err
		}
		entry, err := r.entry(p)
		if err != nil {
			return fmt.Errorf("repository: %w", err)
		}
		index.WriteString(entry + "\n")
	}
	if err := r.writeIndex(key, []byte(index.String())); err != nil {
		return fmt.Errorf("index of the repository: %w", err)
	}
	return nil
}

// entry is a package's part of the index. Paths in it begin at the repository's top.
func (r *Repository) entry(p *Package) (string, error) {
	file, err := os.Open(filepath.Join(r.Folder, p.FileName()))
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%sFilename: %s\nSize: %d\nSHA256: %s\n", p.control(), p.FileName(), size, hex.EncodeToString(hash.Sum(nil))), nil
}

func (r *Repository) writeIndex(key *Key, packages []byte) error {
	top, name := r.Folder, "Packages"
	release := fmt.Sprintf("Origin: Boot lab\nDate: %s\nArchitectures: %s\n", time.Now().Add(-r.Age).UTC().Format(time.RFC1123), architecture)
	if r.Suite != "" {
		top = filepath.Join(r.Folder, "dists", r.Suite)
		name = fmt.Sprintf("%s/binary-%s/Packages", r.Component, architecture)
		release += fmt.Sprintf("Suite: %s\nCodename: %s\nComponents: %s\n", r.Suite, r.Suite, r.Component)
	}
	release += fmt.Sprintf("SHA256:\n %x %d %s\n", sha256.Sum256(packages), len(packages), name)
	signed, err := key.sign([]byte(release))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(top, name), packages, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(top, "InRelease"), signed, 0o644)
}
