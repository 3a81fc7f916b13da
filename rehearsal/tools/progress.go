package tools

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Intervals of the progress: a terminal's line is rewritten, a log gets a new line each time.
const (
	terminalPause = 200 * time.Millisecond
	logPause      = 10 * time.Second
)

// progress prints the latest state of one long step and its duration.
type progress struct {
	out      io.Writer
	terminal bool
	pause    time.Duration
	started  time.Time

	mu   sync.Mutex
	text string
	stop chan struct{}
	done chan struct{}
}

func newProgress(out io.Writer) *progress {
	file, ok := out.(*os.File)
	terminal := ok && term.IsTerminal(int(file.Fd()))
	pause := logPause
	if terminal {
		pause = terminalPause
	}
	return startProgress(out, terminal, pause)
}

func startProgress(out io.Writer, terminal bool, pause time.Duration) *progress {
	p := &progress{out: out, terminal: terminal, pause: pause, started: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	go p.loop()
	return p
}

// show sets the text; the duration is updated even if the text stays the same.
func (p *progress) show(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.text == ""
	p.text = text
	if first {
		p.print()
	}
}

// end finishes the line with the last state.
func (p *progress) end() {
	close(p.stop)
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text == "" {
		return
	}
	p.print()
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}

func (p *progress) loop() {
	defer close(p.done)
	ticker := time.NewTicker(p.pause)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			if p.text != "" {
				p.print()
			}
			p.mu.Unlock()
		}
	}
}

// print writes the line. The caller must hold the lock.
func (p *progress) print() {
	line := fmt.Sprintf("%s  %s", p.text, time.Since(p.started).Round(time.Second))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\033[K%s", line) // back to the line's start, then clear it
		return
	}
	fmt.Fprintln(p.out, line)
}
