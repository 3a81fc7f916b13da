package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// tailBytes is how much of a log's end is looked at.
const tailBytes = 16 << 10

// lastLines returns the last n lines of a file, indented to stand out in an error.
func lastLines(path string, n int) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	buffer := make([]byte, min(tailBytes, info.Size()))
	if _, err := file.ReadAt(buffer, info.Size()-int64(len(buffer))); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading its end: %w", err)
	}
	lines := strings.Split(strings.TrimRight(string(buffer), "\n"), "\n")
	lines = lines[max(0, len(lines)-n):]
	return "    " + strings.Join(lines, "\n    "), nil
}
