package chart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// maxDownload bounds an index or an archive, in bytes; the largest index of the pinned charts is some 2 MB.
const maxDownload = 64 << 20

// Fetch brings every chart's archive into a folder and records its digest in the folder's SumsFile. An archive that is there
// already is kept; without a recorded digest it is taken for one that a person has reviewed. A download must have the digest
// that its repository states, and the one recorded earlier, if there is one: a version that changed after its release is an
// error. Archives of earlier versions are removed. report gets one line per chart.
//
// Its error names every chart that cannot be had. The others are kept.
func Fetch(ctx context.Context, folder string, charts []Chart, report func(format string, args ...any)) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("folder of charts: %w", err)
	}
	known, err := readSums(folder)
	if err != nil {
		return err
	}
	var problems []error
	fetched := sums{}
	for _, c := range charts {
		found, verb, err := c.fetch(ctx, folder, known[c.File()])
		if err != nil {
			problems = append(problems, fmt.Errorf("chart %s %s: %w", c.Name, c.Version, err))
			if known[c.File()] != "" {
				fetched[c.File()] = known[c.File()]
			}
			continue
		}
		fetched[c.File()] = found
		report("%s %s, SHA-256 %s", verb, c.File(), found)
	}
	for file := range known {
		if _, pinned := fetched[file]; pinned {
			continue
		}
		if err := os.Remove(filepath.Join(folder, file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, fmt.Errorf("archive of a chart: %w", err))
			continue
		}
		report("removed %s", file)
	}
	return errors.Join(append(problems, fetched.write(folder))...)
}

// fetch returns the digest of the chart's archive, and whether the archive was kept, recorded or fetched.
func (c Chart) fetch(ctx context.Context, folder, recorded string) (found, verb string, err error) {
	path := filepath.Join(folder, c.File())
	switch found, err = digest(path); {
	case err == nil && recorded == "":
		return found, "recorded", nil
	case err == nil && found == recorded:
		return found, "kept", nil
	case err == nil:
		return "", "", fmt.Errorf("SHA-256 %s must be %s, as in %s: remove the archive, or the line", found, recorded, SumsFile)
	case !errors.Is(err, os.ErrNotExist):
		return "", "", err
	}
	address, stated, err := c.locate(ctx)
	if err != nil {
		return "", "", err
	}
	content, err := download(ctx, address)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(content)
	found = hex.EncodeToString(sum[:])
	for from, want := range map[string]string{"the repository's index": stated, SumsFile: recorded} {
		if want != "" && found != want {
			return "", "", fmt.Errorf("SHA-256 %s of %s must be %s, as in %s", found, address, want, from)
		}
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return "", "", fmt.Errorf("archive of a chart: %w", err)
	}
	return found, "fetched", nil
}

// locate returns the URL of the archive, and the digest that the repository's index states, as hex.
func (c Chart) locate(ctx context.Context) (address, stated string, err error) {
	base, err := url.Parse(strings.TrimSuffix(c.Repository, "/") + "/")
	if err != nil {
		return "", "", fmt.Errorf("repository %s: %w", c.Repository, err)
	}
	content, err := download(ctx, base.JoinPath("index.yaml").String())
	if err != nil {
		return "", "", err
	}
	var index struct {
		Entries map[string][]struct {
			Version string   `json:"version"`
			URLs    []string `json:"urls"`
			Digest  string   `json:"digest"`
		} `json:"entries"`
	}
	if err := yaml.Unmarshal(content, &index); err != nil {
		return "", "", fmt.Errorf("index of %s: %w", c.Repository, err)
	}
	for _, entry := range index.Entries[c.Name] {
		// An index may leave out the v of a version, as Helm does.
		if strings.TrimPrefix(entry.Version, "v") != strings.TrimPrefix(c.Version, "v") || len(entry.URLs) == 0 {
			continue
		}
		archive, err := base.Parse(entry.URLs[0])
		if err != nil {
			return "", "", fmt.Errorf("index of %s: %w", c.Repository, err)
		}
		return archive.String(), strings.TrimPrefix(entry.Digest, "sha256:"), nil
	}
	return "", "", fmt.Errorf("%s has no such version", c.Repository)
}

func download(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", address, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("download %s: %s", address, response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxDownload+1))
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", address, err)
	}
	if len(content) > maxDownload {
		return nil, fmt.Errorf("download %s: must be at most %d bytes", address, maxDownload)
	}
	return content, nil
}
