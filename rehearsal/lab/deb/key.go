package deb

import (
	"bytes"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// Key signs repositories.
type Key struct{ entity *openpgp.Entity }

// NewKey generates a key that is kept in memory only.
func NewKey(name string) (*Key, error) {
	entity, err := openpgp.NewEntity(name, "", "lab@localhost", nil)
	if err != nil {
		return nil, fmt.Errorf("generating a signing key: %w", err)
	}
	return &Key{entity}, nil
}

// Public returns the ASCII-armored public key, for apt's option signed-by.
func (k *Key) Public() ([]byte, error) {
	var text bytes.Buffer
	writer, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	if err := k.entity.Serialize(writer); err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return text.Bytes(), nil
}

// Fingerprint returns 40 hexadecimal digits in upper case.
func (k *Key) Fingerprint() string { return fmt.Sprintf("%X", k.entity.PrimaryKey.Fingerprint) }

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
