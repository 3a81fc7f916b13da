package engine

import (
	"bytes"
	"io"
	"regexp"
)

// display prints Pulumi's lines as they come, without noise.
type display struct {
	out     io.Writer
	partial []byte
	blank   bool
}

func newDisplay(out io.Writer) *display { return &display{out: out} }

// Write takes any part of the stream; lines are passed on whole.
func (d *display) Write(p []byte) (int, error) {
	d.partial = append(d.partial, p...)
	for {
		end := bytes.IndexByte(d.partial, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := d.partial[:end+1]
		d.partial = d.partial[end+1:]
		if err := d.show(line); err != nil {
			return len(p), err
		}
	}
}

// Flush prints a last line without an end of line.
func (d *display) Flush() {
	if len(d.partial) > 0 {
		_ = d.show(append(d.partial, '\n')) // the display is best effort
		d.partial = nil
	}
}

func (d *display) show(line []byte) error {
	plain := escapes.ReplaceAll(line, nil)
	blank := len(bytes.TrimSpace(plain)) == 0
	if noise.Match(plain) || blank && d.blank {
		return nil
	}
	d.blank = blank
	_, err := d.out.Write(append([]byte("  "), line...))
	return err
}

// escapes are the colors of a terminal.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// noise matches lines without use for a reader: the dots of a running program, the beginning of each step (its end follows,
// with its duration), the list of a first preview (its sum follows), resources that were only read, and advice on other
// commands. The log has them.
var noise = regexp.MustCompile(`^@ |` +
	`^ *[-+~]* +\S+ \S+ (creating|deleting|updating|replacing|refreshing|reading) \(0s\)\s*$|` +
	`^ *[-+~]* +\S+:\S+ \S+ (create|delete|running)\s*$|` +
	`^ {4}\S+:\S+ \S+\s*$|` +
	`^The resources in the stack have been deleted|^If you want to remove the stack completely`)
