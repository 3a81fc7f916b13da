package report

import (
	"fmt"
	"io"
)

// Drill is the result of a drill on a running stack.
type Drill struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Comparisons are the compared values, in order.
	Comparisons []Comparison `json:"comparisons"`
}

// Comparison is one value before and after the drill.
type Comparison struct {
	Subject string `json:"subject"`
	Before  string `json:"before"`
	After   string `json:"after"`
	// Holds is true if After is as it must be.
	Holds bool `json:"holds"`
}

// print writes the drill as a table.
func (d *Drill) print(out io.Writer, colors bool) {
	fmt.Fprintln(out, margin+bold.paint(colors, "Drill "+d.Name)+": "+d.About)
	t := &table{}
	t.row(head("", "SUBJECT", "BEFORE", "AFTER")...)
	for _, c := range d.Comparisons {
		mark := cell{text: "✔", color: green}
		if !c.Holds {
			mark = cell{text: "✘", color: red}
		}
		t.row(mark, cell{text: c.Subject}, cell{text: c.Before}, cell{text: c.After})
	}
	t.write(out, colors)
	fmt.Fprintln(out)
}
