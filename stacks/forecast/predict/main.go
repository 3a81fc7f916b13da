// Command predict prints how long the stack takes from `pulumi up` until all pods run, draws docs/time.svg and writes the tables
// of docs/time.md.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/growbin/cluster/stacks/forecast"
)

// The stack that is predicted, and where the chart goes. It is run in the repository's root.
const (
	stack = "dev"
	chart = "docs/time.svg"
	page  = "docs/time.md"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "predict:", err)
		os.Exit(1)
	}
}

func run() error {
	program, err := forecast.Load(".", stack)
	if err != nil {
		return err
	}
	report, err := program.Report()
	if err != nil {
		return err
	}
	drawing, err := report.Chart()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	written, err := report.Fill(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return errors.Join(report.Write(os.Stdout), os.WriteFile(chart, []byte(drawing), 0o644), os.WriteFile(page, []byte(written), 0o644))
}
