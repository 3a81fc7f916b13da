package report

import (
	"fmt"
	"io"
)

// Drill is what happened to a running stack, and how the stack came out of it.
type Drill struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Comparisons are what was looked at before and after, in order.
	Comparisons []Comparison `json:"comparisons"`
}

// Comparison is one thing before and after the drill.
type Comparison struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Holds is true when after is what it should be.
	Holds bool `json:"holds"`
}

// print shows the drill to a person.
func (d *Drill) print(out io.Writer, colors bool) {
	fmt.Fprintln(out, margin+bold.paint(colors, "Drill "+d.Name)+": "+d.About)
	t := &table{}
	t.row(head("", "WHAT", "BEFORE", "AFTER")...)
	for _, c := range d.Comparisons {
		mark := cell{text: "✔", color: green}
		if !c.Holds {
			mark = cell{text: "✘", color: red}
		}
		t.row(mark, cell{text: c.What}, cell{text: c.Before}, cell{text: c.After})
	}
	t.write(out, colors)
	fmt.Fprintln(out)
}
