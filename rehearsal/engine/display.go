package engine

import (
	"bytes"
	"io"
	"regexp"
)

// display passes Pulumi's lines on as they come, without those that only fill a screen.
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

// Flush passes on what came without an end of line.
func (d *display) Flush() {
	if len(d.partial) > 0 {
		_ = d.show(append(d.partial, '\n')) // nobody is left to be told
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

// escapes are the colours of a terminal.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// noise is what a person does not need: the dots of a program that runs, the beginning of each step (its end follows, with
// its time), the bare list of a first preview (its sum follows), resources that were only read, and advice on commands
// that a rehearsal has no use for. The log has it all.
var noise = regexp.MustCompile(`^@ |` +
	`^ *[-+~]* +\S+ \S+ (creating|deleting|updating|replacing|refreshing|reading) \(0s\)\s*$|` +
	`^ *[-+~]* +\S+:\S+ \S+ (create|delete|running)\s*$|` +
	`^ {4}\S+:\S+ \S+\s*$|` +
	`^The resources in the stack have been deleted|^If you want to remove the stack completely`)
