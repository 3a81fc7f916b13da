package forecast

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/internal/forecast"
)

// The generated part of docs/time.md lies between these lines.
const (
	partBegins = "<!-- predicted: written by make predict -->\n"
	partEnds   = "<!-- /predicted -->\n"
)

// Fill replaces the generated part of a page.
func (r *Report) Fill(page string) (string, error) {
	before, rest, begins := strings.Cut(page, partBegins)
	_, after, ends := strings.Cut(rest, partEnds)
	if !begins || !ends {
		return "", fmt.Errorf("the lines %q and %q are needed, in this order", strings.TrimSpace(partBegins), strings.TrimSpace(partEnds))
	}
	return before + partBegins + r.tables() + partEnds + after, nil
}

// tables are what the model gives, in Markdown.
func (r *Report) tables() string {
	var text strings.Builder
	text.WriteString("\n## What it predicts\n\n| | all pods Running | `pulumi up` returns |\n|---|---|---|\n")
	fmt.Fprintf(&text, "| from Canonical's image | %s | %s |\n", forecast.Duration(r.Canonical.End()), forecast.Duration(r.Canonical.Total()))
	fmt.Fprintf(&text, "| from a prebuilt image | %s | %s |\n", forecast.Duration(r.Prebuilt.End()), forecast.Duration(r.Prebuilt.Total()))
	fmt.Fprintf(&text, "\nBefore it was shortened, all pods would have been Running after %s. What each measure is worth by itself, from Canonical's image; "+
		"together they save less or more, since another chain becomes the longest:\n\n| measure | saves by itself |\n|---|---|\n", forecast.Duration(r.Before))
	for _, saving := range r.Savings {
		text.WriteString(savingRow(saving) + "\n")
	}
	path := func(title string, schedule *forecast.Schedule) {
		fmt.Fprintf(&text, "\nCritical path, %s:\n\n| begins | takes | where | what |\n|---|---|---|---|\n", title)
		for _, task := range schedule.CriticalPath() {
			if task.Seconds > 0 {
				fmt.Fprintf(&text, "| %.0f s | %.1f s | %s | %s |\n", task.Start, task.Seconds, task.Lane, task.Label)
			}
		}
	}
	path("from Canonical's image", r.Canonical)
	path("from a prebuilt image", r.Prebuilt)
	text.WriteString("\n## What it rests on\n\nSizes of images are in [stacks/forecast/images.go](../stacks/forecast/images.go); all are estimates.\n\n| what | value | source |\n|---|---|---|\n")
	for _, fact := range forecast.Facts() {
		text.WriteString(factRow(fact) + "\n")
	}
	return text.String() + "\n"
}

func savingRow(s Saving) string { return fmt.Sprintf("| %s | %.1f s |", s.Measure, s.Seconds) }

func factRow(f forecast.Fact) string {
	source := f.Source
	if f.Assumed {
		source = "*assumed*: " + source
	}
	return fmt.Sprintf("| %s | %s | %s |", f.Name, strings.TrimSpace(fmt.Sprintf("%g %s", f.Value, f.Unit)), source)
}
