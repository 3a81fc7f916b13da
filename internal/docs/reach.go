package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/networkpolicy"
	"github.com/growbin/cluster/stacks"
)

const securityPath = "docs/security.md"

// securityPage returns the page on security, with the table of flows: those of a stack that serves people too.
func securityPage(root string) (File, error) {
	settings, err := stacks.ReadSettings(root, "prod", map[string]string{
		stacks.ConfigPrefix + "domain": "example.com", stacks.ConfigPrefix + "adminCidrs": `["192.0.2.0/24"]`,
	})
	if err != nil {
		return File{}, err
	}
	page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(securityPath)))
	if err != nil {
		return File{}, err
	}
	if page, err = replaceBlock(page, "flows", flowTable(settings.Flows())); err != nil {
		return File{}, fmt.Errorf("%s: %w", securityPath, err)
	}
	return File{securityPath, page}, nil
}

// flowTable lists the flows by destination. Flows that differ in their source alone share a row.
func flowTable(flows []networkpolicy.Flow) string {
	type row struct{ to, ports, reason string }
	var rows []row
	sources := map[row][]string{}
	for _, flow := range flows {
		r := row{flow.To, portList(flow.Ports), flow.Reason}
		if sources[r] == nil {
			rows = append(rows, r)
		}
		sources[r] = append(sources[r], flow.From...)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.to, b.to) })
	var out strings.Builder
	out.WriteString("| to | port | from | for |\n|---|---|---|---|\n")
	for _, r := range rows {
		from := slices.Compact(slices.Sorted(slices.Values(sources[r])))
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", r.to, r.ports, strings.Join(from, ", "), r.reason)
	}
	return out.String()
}

func portList(ports []networkpolicy.Port) string {
	var list []string
	for _, port := range ports {
		name := "any"
		if port.Number != 0 {
			name = fmt.Sprint(port.Number)
		}
		if port.Protocol != "TCP" {
			name += "/" + strings.ToLower(port.Protocol)
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
