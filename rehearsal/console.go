package rehearsal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Console prints the progress of a rehearsal. Concurrent writers never mix within a line.
type Console struct {
	Writer io.Writer
	colors bool
}

func newConsole(out io.Writer, colors bool) *Console {
	return &Console{Writer: &serialWriter{out: out}, colors: colors}
}

// serialWriter lets one writer at a time through.
type serialWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *serialWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (c *Console) paint(code, text string) string {
	if !c.colors {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *Console) engineColor() string {
	if c.colors {
		return "always"
	}
	return "never"
}

func (c *Console) heading(name string) {
	fmt.Fprintf(c.Writer, "\n%s\n", c.paint("1", "── "+name+" "+strings.Repeat("─", max(0, 60-len(name)))))
}

func (c *Console) done(name string, took time.Duration) {
	fmt.Fprintln(c.Writer, c.paint("32", fmt.Sprintf("   ✔ %s in %.1f s", name, took.Seconds())))
}

func (c *Console) problem(err error) {
	fmt.Fprintln(c.Writer, c.paint("31", "   ✘ ")+err.Error())
}

// Logf prints one line.
func (c *Console) Logf(format string, args ...any) {
	fmt.Fprintln(c.Writer, strings.TrimRight("   "+fmt.Sprintf(format, args...), " "))
}

// machine prints a message of a simulated machine.
func (c *Console) machine(name, message string) {
	fmt.Fprintln(c.Writer, c.paint("2", fmt.Sprintf("    ⚙  %-22s %s", name, message)))
}

// waiting prints the number of remaining differences while a cluster settles, and the first of them.
func (c *Console) waiting(left []string) {
	c.Logf("waiting: %d differences from the design, the first: %s", len(left), left[0])
}
