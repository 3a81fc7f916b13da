package roll

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print shows the plan as a table.
func (p *Plan) Print(out io.Writer) error {
	if len(p.Steps) == 0 {
		_, err := fmt.Fprintln(out, "Every machine is what the program says: there is nothing to roll.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tKUBELET\tCHANGES\tHOW")
	for _, step := range p.Steps {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", step.Node, step.kubelets(), step.changes(), step.how())
	}
	return table.Flush()
}

func (s Step) kubelets() string {
	switch {
	case s.Kubelet == "":
		return "– → v" + s.Version
	case !s.Upgrade():
		return s.Kubelet
	}
	return s.Kubelet + " → v" + s.Version
}

func (s Step) changes() string {
	switch {
	case s.Fate == Created:
		return "there is no machine"
	case s.Fate == Kept:
		return "none left"
	}
	return strings.Join(s.Changes, ", ")
}

// how says what becomes of the node's pods.
func (s Step) how() string {
	var text string
	switch {
	case s.Complete:
		text = "the update that replaced its machine is completed"
	case s.Retire:
		text = "its pods move back, the temporary machine is removed"
	case s.ControlPlane:
		text = "drained and replaced; the API server and what runs on this node are down meanwhile"
	case s.Surge:
		text = "a temporary machine takes its pods; nothing is down"
	default:
		text = "drained and replaced; what runs on this node is down meanwhile"
	}
	if s.HalfDone != "" {
		text = "continued (it " + s.HalfDone + "): " + text
	}
	return text
}
