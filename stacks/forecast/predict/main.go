// Command predict prints how long the stack takes from `pulumi up` until all pods run, and draws docs/time.svg. With the
// argument tables it prints the tables of docs/time.md instead.
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
	if len(os.Args) > 1 && os.Args[1] == "tables" {
		fmt.Print(report.Tables())
		return nil
	}
	return errors.Join(report.Write(os.Stdout), os.WriteFile(chart, []byte(drawing), 0o644))
}
