package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SumsFile is the file of a folder that holds the SHA-256 digest of each archive: one line each, "<archive> <hex digest>".
const SumsFile = "charts.sum"

// sums maps the name of an archive to its digest, as hex.
type sums map[string]string

func readSums(folder string) (sums, error) {
	text, err := os.ReadFile(filepath.Join(folder, SumsFile))
	if errors.Is(err, os.ErrNotExist) {
		return sums{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("digests of charts: %w", err)
	}
	read := sums{}
	for number, line := range strings.Split(string(text), "\n") {
		if line == "" {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 2 || len(fields[1]) != hex.EncodedLen(sha256.Size) {
			return nil, fmt.Errorf("%s: line %d: %q must be the name of an archive and its SHA-256 digest", SumsFile, number+1, line)
		}
		read[fields[0]] = fields[1]
	}
	return read, nil
}

func (s sums) write(folder string) error {
	var text strings.Builder
	for _, file := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s %s\n", file, s[file])
	}
	if err := os.WriteFile(filepath.Join(folder, SumsFile), []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("digests of charts: %w", err)
	}
	return nil
}

// Check compares each archive of the charts that a folder has with its digest in the folder's SumsFile. Its error names all
// archives that differ or have none. A folder that does not exist is in order.
func Check(folder string, charts []Chart) error {
	known, err := readSums(folder)
	if err != nil {
		return err
	}
	var problems []error
	for _, c := range charts {
		found, err := digest(filepath.Join(folder, c.File()))
		switch want := known[c.File()]; {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			problems = append(problems, err)
		case want == "":
			problems = append(problems, fmt.Errorf("%s: has no line in %s, must have its digest there: review the archive, and run growbin charts", c.File(), SumsFile))
		case found != want:
			problems = append(problems, fmt.Errorf("%s: SHA-256 %s must be %s, as in %s", c.File(), found, want, SumsFile))
		}
	}
	return errors.Join(problems...)
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("archive of a chart: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("archive of a chart: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
