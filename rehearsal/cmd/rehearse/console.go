package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// console is what a person watches while a rehearsal runs. Several things speak at once; lines stay whole.
type console struct {
	writer io.Writer
	colors bool
}

func newConsole(out io.Writer, colors bool) *console {
	return &console{writer: &serial{out: out}, colors: colors}
}

// serial lets one writer at a time through.
type serial struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *serial) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (c *console) paint(code, text string) string {
	if !c.colors {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *console) engineColor() string {
	if c.colors {
		return "always"
	}
	return "never"
}

func (c *console) heading(name string) {
	fmt.Fprintf(c.writer, "\n%s\n", c.paint("1", "── "+name+" "+strings.Repeat("─", max(0, 60-len(name)))))
}

func (c *console) done(name string, took time.Duration) {
	fmt.Fprintln(c.writer, c.paint("32", fmt.Sprintf("   ✔ %s in %.1f s", name, took.Seconds())))
}

func (c *console) problem(err error) {
	fmt.Fprintln(c.writer, c.paint("31", "   ✘ ")+err.Error())
}

func (c *console) say(format string, args ...any) {
	fmt.Fprintln(c.writer, strings.TrimRight("   "+fmt.Sprintf(format, args...), " "))
}

// machine shows what happens on a simulated machine.
func (c *console) machine(name, message string) {
	fmt.Fprintln(c.writer, c.paint("2", fmt.Sprintf("    ⚙  %-22s %s", name, message)))
}

// waiting shows how many differences are left while a cluster settles, and the first of them.
func (c *console) waiting(left []string) {
	c.say("%d differences left, for one: %s", len(left), left[0])
}
