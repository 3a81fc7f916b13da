package forecast

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/internal/forecast"
)

// Tables are the generated parts of docs/time.md, in Markdown.
func (r *Report) Tables() string {
	var text strings.Builder
	text.WriteString("| | all pods Running | `pulumi up` returns |\n|---|---|---|\n")
	fmt.Fprintf(&text, "| from Canonical's image | %s | %s |\n", forecast.Duration(r.Canonical.End()), forecast.Duration(r.Canonical.Total()))
	fmt.Fprintf(&text, "| from a prebuilt image | %s | %s |\n", forecast.Duration(r.Prebuilt.End()), forecast.Duration(r.Prebuilt.Total()))
	text.WriteString("\n| measure | saves by itself |\n|---|---|\n")
	for _, saving := range r.Savings {
		text.WriteString(savingRow(saving) + "\n")
	}
	text.WriteString("\n| what | value | source |\n|---|---|---|\n")
	for _, fact := range forecast.Facts() {
		text.WriteString(factRow(fact) + "\n")
	}
	return text.String()
}

func savingRow(s Saving) string { return fmt.Sprintf("| %s | %.1f s |", s.Measure, s.Seconds) }

func factRow(f forecast.Fact) string {
	source := f.Source
	if f.Assumed {
		source = "*assumed*: " + source
	}
	return fmt.Sprintf("| %s | %s | %s |", f.Name, strings.TrimSpace(fmt.Sprintf("%g %s", f.Value, f.Unit)), source)
}
