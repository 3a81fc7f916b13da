package report

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

// Print writes the report as tables.
func (r *Report) Print(out io.Writer, colors bool) {
	fmt.Fprintln(out)
	title := fmt.Sprintf("%s · Kubernetes %s · %s · %s", r.Stack, r.KubernetesVersion,
		count(len(r.Nodes), "node"), count(len(r.Pods), "application pod"))
	fmt.Fprintln(out, margin+bold.paint(colors, title))
	fmt.Fprintln(out)
	if len(r.Nodes) > 0 {
		r.nodeTable().write(out, colors)
		fmt.Fprintln(out, margin+faint.paint(colors, "CPU and memory: requests of the pods, in percent of the allocatable resources of the node"))
		fmt.Fprintln(out)
	}
	if r.Drill != nil {
		r.Drill.print(out, colors)
	}
	r.phaseTable().write(out, colors)
	fmt.Fprintln(out)
	r.factTable().write(out, colors)
	fmt.Fprintln(out)
	for _, problem := range r.Problems {
		fmt.Fprintln(out, margin+red.paint(colors, "✘ ")+strings.ReplaceAll(problem, "\n", "\n"+margin+"  "))
	}
	fmt.Fprintln(out, margin+r.verdict(colors))
}

func (r *Report) verdict(colors bool) string {
	if !r.OK {
		return red.paint(colors, fmt.Sprintf("✘ The rehearsal of %s failed: %s.", r.Stack, count(len(r.Problems), "problem")))
	}
	return green.paint(colors, fmt.Sprintf("✔ The rehearsal of %s succeeded in %.0f s.", r.Stack, r.total()))
}

func (r *Report) total() float64 {
	sum := 0.0
	for _, seconds := range r.Seconds {
		sum += seconds
	}
	return sum
}

func (r *Report) nodeTable() *table {
	t := &table{}
	t.row(head("NODE", "ROLE", "TYPE", "ZONE", ">CPU", ">MEMORY", ">BAND", "PODS")...)
	for _, node := range r.Nodes {
		band := "–"
		if node.Band != nil {
			band = fmt.Sprintf("%g–%g %%", node.Band.Low, node.Band.High)
		}
		t.row(
			cell{text: node.Name, color: bold}, cell{text: node.Role}, cell{text: node.InstanceType}, cell{text: node.Zone},
			load(node.PlannedCPU, node.Band), load(node.PlannedMemory, node.Band), cell{text: band, right: true, color: faint},
			cell{text: r.podsOn(node.Name)},
		)
	}
	return t
}

func load(percent float64, band *Band) cell {
	c := cell{text: fmt.Sprintf("%.0f %%", percent), right: true}
	switch {
	case band == nil:
	case band.holds(percent):
		c.color = green
	default:
		c.color = red
	}
	return c
}

// podsOn is a node's pods by application, those of the design first.
func (r *Report) podsOn(node string) string {
	list := append(byApp(r.Pods, node), byApp(r.OtherPods, node)...)
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}

func byApp(pods []Pod, node string) []string {
	counts := map[string]int{}
	for _, pod := range pods {
		if pod.Node == node {
			counts[pod.App]++
		}
	}
	apps := make([]string, 0, len(counts))
	for app := range counts {
		apps = append(apps, app)
	}
	sort.Slice(apps, func(a, b int) bool {
		if counts[apps[a]] != counts[apps[b]] {
			return counts[apps[a]] > counts[apps[b]]
		}
		return apps[a] < apps[b]
	})
	for i, app := range apps {
		if counts[app] > 1 {
			apps[i] = fmt.Sprintf("%s ×%d", app, counts[app])
		}
	}
	return apps
}

// barWidth is the length of the longest phase's bar, in characters.
const barWidth = 40

func (r *Report) phaseTable() *table {
	t := &table{}
	t.row(head("PHASE", ">SECONDS", "")...)
	longest := 0.0
	for _, seconds := range r.Seconds {
		longest = max(longest, seconds)
	}
	for _, phase := range r.Phases {
		seconds := r.Seconds[phase]
		bar := ""
		if longest > 0 {
			bar = strings.Repeat("▇", max(1, int(seconds/longest*barWidth)))
		}
		t.row(cell{text: phase}, cell{text: fmt.Sprintf("%.1f", seconds), right: true}, cell{text: bar, color: faint})
	}
	t.row(cell{text: "total", color: bold}, cell{text: fmt.Sprintf("%.1f", r.total()), right: true, color: bold}, cell{})
	return t
}

func (r *Report) factTable() *table {
	t := &table{}
	fact := func(name string, format string, args ...any) {
		t.row(cell{text: name, color: faint}, cell{text: fmt.Sprintf(format, args...)})
	}
	res := r.Resources
	fact("Resources", "%d created · %d changed on the second up · %d left after destroy", res.Created, res.ChangedOnSecondUp, res.LeftAfterDestroy)
	if r.PeakMemoryBytes > 0 {
		fact("Memory", "%.1f GiB at most, all processes together", float64(r.PeakMemoryBytes)/(1<<30))
	}
	if len(r.CriticalPath) > 0 {
		fact("Waits on AWS", "%s", r.waits())
	}
	for i, text := range r.Real {
		fact(first(i, "Real"), "%s", text)
	}
	for i, text := range r.Simulated {
		fact(first(i, "Simulated"), "%s", text)
	}
	for _, item := range r.NotInstalledHere {
		t.row(cell{text: "Not installed here", color: yellow},
			cell{text: strings.TrimSpace(fmt.Sprintf("%s (chart %s %s): %s", item.Name, item.Chart, item.Version, item.Reason))})
	}
	return t
}

// waits are the critical path in a line.
func (r *Report) waits() string {
	sum, steps := 0.0, make([]string, len(r.CriticalPath))
	for i, wait := range r.CriticalPath {
		sum += wait.Seconds
		steps[i] = fmt.Sprintf("%s %.0f s", wait.Resource, wait.Seconds)
	}
	return fmt.Sprintf("at least %.0f s beside boots and pods: %s", sum, strings.Join(steps, " → "))
}

func first(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
