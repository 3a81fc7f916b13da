package forecast

import (
	"fmt"
	"io"
	"strings"
)

// Duration writes seconds as a person says them.
func Duration(seconds float64) string {
	whole := int(seconds + 0.5)
	if whole < 60 {
		return fmt.Sprintf("%d s", whole)
	}
	return fmt.Sprintf("%d min %02d s", whole/60, whole%60)
}

// WriteTable prints when the pods run, when the update returns, and the critical path.
func (s *Schedule) WriteTable(w io.Writer, title string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n  all pods Running after %s, pulumi up returns after %s\n\n", title, Duration(s.End()), Duration(s.Total()))
	fmt.Fprintf(&text, "  %7s  %7s  %-22s %s\n", "begins", "takes", "where", "critical path")
	for _, t := range s.CriticalPath() {
		if t.Seconds > 0 {
			fmt.Fprintf(&text, "  %5.0f s  %5.1f s  %-22s %s\n", t.Start, t.Seconds, t.Lane, t.Label)
		}
	}
	_, err := io.WriteString(w, text.String()+"\n")
	return err
}
