package verify

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Row is the outcome of one check.
type Row struct {
	// Subject is checked, e.g. nodes; Found is a summary of it.
	Subject, Found string
	// Problems are the deviations, one sentence each.
	Problems []string
}

// Print writes the rows as a table, with all problems, and returns their number.
func Print(out io.Writer, rows []Row) (problems int, err error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		mark := "ok"
		if len(row.Problems) > 0 {
			mark = fmt.Sprintf("%d wrong", len(row.Problems))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", row.Subject, mark, row.Found)
	}
	if err := table.Flush(); err != nil {
		return 0, err
	}
	for _, row := range rows {
		for _, problem := range row.Problems {
			fmt.Fprintf(out, "%s: %s\n", row.Subject, problem)
		}
		problems += len(row.Problems)
	}
	return problems, nil
}
