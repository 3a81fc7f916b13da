package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Layer is an uncompressed archive on disk. Images share it.
type Layer struct {
	file   string
	size   int64
	digest v1.Hash
}

// OpenLayer reads the archive once, for its digest.
func OpenLayer(file string) (*Layer, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening a layer: %w", err)
	}
	defer opened.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, opened)
	if err != nil {
		return nil, fmt.Errorf("reading a layer: %w", err)
	}
	return &Layer{file: file, size: size, digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}}, nil
}

// linkInto puts the layer into the blobs of a registry, without a copy.
func (l *Layer) linkInto(blobs string) error {
	target := filepath.Join(blobs, l.digest.Algorithm, l.digest.Hex)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(l.file, target); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

// Digest, DiffID, Compressed, Uncompressed, Size and MediaType make a Layer a v1.Layer.
func (l *Layer) Digest() (v1.Hash, error) { return l.digest, nil }

// DiffID is the digest too: the layer is not compressed.
func (l *Layer) DiffID() (v1.Hash, error) { return l.digest, nil }

// Compressed returns the archive as it is.
func (l *Layer) Compressed() (io.ReadCloser, error) { return os.Open(l.file) }

// Uncompressed returns the archive.
func (l *Layer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.file) }

// Size is the length of the archive in bytes.
func (l *Layer) Size() (int64, error) { return l.size, nil }

// MediaType is that of an uncompressed layer.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }
