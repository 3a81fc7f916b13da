package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// tailBytes is the size of the part at a log's end that is read for an error.
	tailBytes = 16 << 10
	// tailLines is the number of its last log lines that a failed program's error shows.
	tailLines = 12
)

// Log returns the program's output so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(text)
}

func (p *Process) tail() string {
	lines, err := lastLines(p.log, tailLines)
	if err != nil {
		return fmt.Sprintf("; its log %s cannot be read: %v", p.log, err)
	}
	return fmt.Sprintf("; the end of %s:\n%s", p.log, lines)
}

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
