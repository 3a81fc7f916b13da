package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// archive is one chart, as `helm pull` saves it.
type archive struct {
	path string
	// chart is its Chart.yaml, which a repository's index repeats.
	chart  map[string]any
	digest string
}

func (a *archive) is(name, version string) bool {
	// Tags of charts begin with a v or not, and Helm takes either.
	strip := func(v any) string { return strings.TrimPrefix(fmt.Sprint(v), "v") }
	return a.chart["name"] == name && (version == "" || strip(a.chart["version"]) == strip(version))
}

// folder of archives.
type folder struct {
	path     string
	archives []*archive
}

func readFolder(path string) (*folder, error) {
	found, err := filepath.Glob(filepath.Join(path, "*.tgz"))
	if err != nil {
		return nil, fmt.Errorf("CHARTS=%s: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("CHARTS=%s: must be a folder of chart archives, e.g. argo-cd-10.1.1.tgz", path)
	}
	f := &folder{path: path}
	for _, file := range found {
		a, err := readArchive(file)
		if err != nil {
			return nil, fmt.Errorf("CHARTS=%s: read %s: %w", path, filepath.Base(file), err)
		}
		f.archives = append(f.archives, a)
	}
	return f, nil
}

func (f *folder) find(name, version string) *archive {
	for _, a := range f.archives {
		if a.is(name, version) {
			return a
		}
	}
	return nil
}

// index is the index.yaml of a repository that has the folder's charts.
func (f *folder) index() ([]byte, error) {
	entries := map[string][]map[string]any{}
	for _, a := range f.archives {
		entry := map[string]any{"urls": []string{filepath.Base(a.path)}, "digest": a.digest, "created": time.Unix(0, 0).UTC().Format(time.RFC3339)}
		for key, value := range a.chart {
			entry[key] = value
		}
		name := fmt.Sprint(a.chart["name"])
		entries[name] = append(entries[name], entry)
	}
	return yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": entries})
}

func readArchive(file string) (*archive, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	a := &archive{path: file, digest: hex.EncodeToString(digest[:])}
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it has no Chart.yaml")
		}
		if err != nil {
			return nil, err
		}
		// NAME/Chart.yaml; those further down belong to charts that it depends on.
		if ok, _ := path.Match("*/Chart.yaml", path.Clean(header.Name)); !ok {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return nil, err
		}
		return a, yaml.Unmarshal(text, &a.chart)
	}
}
