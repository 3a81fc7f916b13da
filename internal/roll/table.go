package roll

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the plan as a table.
func (p *Plan) Print(out io.Writer) error {
	if len(p.Steps) == 0 {
		_, err := fmt.Fprintln(out, "All nodes are up to date: there is nothing to roll.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tKUBELET\tCHANGES\tSTEP")
	for _, step := range p.Steps {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", step.Node, step.kubelets(), step.changes(), step.describe())
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
	case s.Forced:
		return "none"
	case s.Fate == Created:
		return "no instance"
	case s.Fate == Kept:
		return "none left"
	}
	return strings.Join(s.Changes, ", ")
}

// describe returns the step's effect on the node's pods.
func (s Step) describe() string {
	var text string
	switch {
	case s.Complete:
		text = "the update that replaced its instance is completed"
	case s.Retire:
		text = "its pods move back, the surge instance is deleted"
	case s.ControlPlane:
		text = "drained and replaced; the API server and the pods of this node are down meanwhile"
	case s.Surge:
		text = "a surge instance runs its pods; nothing is down"
	default:
		text = "drained and replaced; the pods of this node are down meanwhile"
	}
	if s.HalfDone != "" {
		text = "continued (it " + s.HalfDone + "): " + text
	}
	return text
}
