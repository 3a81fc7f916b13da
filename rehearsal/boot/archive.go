package boot

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/growbin/cluster/components/kubeadm"
)

// archiveParts are the names of an archive's files besides its manifest: etcd's snapshot and the certificate authorities.
// The boot scripts write and read the same archives.
func archiveParts() []string {
	parts := []string{kubeadm.BackupSnapshotName}
	for _, authority := range kubeadm.Authorities() {
		parts = append(parts, "pki/"+authority)
	}
	return parts
}

// pack writes an archive; it completes the manifest with the parts' checksums.
func pack(manifest kubeadm.BackupManifest, parts map[string][]byte) ([]byte, error) {
	manifest.SHA256 = map[string]string{}
	for name, content := range parts {
		manifest.SHA256[name] = checksum(content)
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	files := maps.Clone(parts)
	files[kubeadm.BackupManifestName] = text
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(files[name]))})
		if err == nil {
			_, err = writer.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", name, err)
		}
	}
	if err := errors.Join(writer.Close(), zipped.Close()); err != nil {
		return nil, fmt.Errorf("packing the backup: %w", err)
	}
	return packed.Bytes(), nil
}

// unpack reads an archive back and makes sure that it is whole.
func unpack(archive []byte) (kubeadm.BackupManifest, map[string][]byte, error) {
	var manifest kubeadm.BackupManifest
	files, err := readArchive(archive)
	if err != nil {
		return manifest, nil, fmt.Errorf("it is not a backup: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(files[kubeadm.BackupManifestName]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil {
		return manifest, nil, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	var problems []error
	parts := map[string][]byte{}
	for _, name := range archiveParts() {
		content, found := files[name]
		switch {
		case !found:
			problems = append(problems, fmt.Errorf("backup %s lacks %s", manifest.Name, name))
		case checksum(content) != manifest.SHA256[name]:
			problems = append(problems, fmt.Errorf("backup %s is damaged: the checksum of %s does not match", manifest.Name, name))
		}
		parts[name] = content
	}
	return manifest, parts, errors.Join(problems...)
}

func readArchive(archive []byte) (map[string][]byte, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err == nil {
			files[header.Name], err = io.ReadAll(reader)
		}
		if err != nil {
			return nil, err
		}
	}
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
