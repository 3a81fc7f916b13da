package chart

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Defaults decodes the chart's default values into a pointer, and returns the version of its application, e.g. "v3.4.1". It is
// false if the folder has no archive of the chart.
func (c Chart) Defaults(folder string, values any) (appVersion string, found bool, err error) {
	file, err := os.Open(filepath.Join(folder, c.File()))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("archive of a chart: %w", err)
	}
	defer file.Close()
	var about struct {
		AppVersion string `json:"appVersion"`
	}
	for name, into := range map[string]any{"Chart.yaml": &about, "values.yaml": values} {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return "", false, fmt.Errorf("archive of a chart: %w", err)
		}
		text, err := entry(file, c.Name+"/"+name)
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			return "", false, fmt.Errorf("%s: %s: %w", c.File(), name, err)
		}
	}
	return about.AppVersion, true, nil
}

// entry returns one file of a compressed archive.
func entry(archive io.Reader, name string) ([]byte, error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if err != nil { // io.EOF: there is none of the name
			return nil, err
		}
		if header.Name == name {
			return io.ReadAll(io.LimitReader(files, maxDownload))
		}
	}
}
