package lab

import "os"

// consoleSize returns the length of the console's output so far, in bytes.
func (i *instance) consoleSize() int64 {
	info, err := os.Stat(i.Console)
	if err != nil {
		return 0 // not started yet
	}
	return info.Size()
}

// consoleSince returns the console's output from an offset on.
func (i *instance) consoleSince(offset int64) string {
	text, err := os.ReadFile(i.Console)
	if err != nil || int64(len(text)) < offset {
		return ""
	}
	return string(text[offset:])
}
