package forecast

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Panel is one schedule of a chart.
type Panel struct {
	Title    string
	Schedule *Schedule
}

// Sizes of the chart in pixels.
const (
	chartWidth  = 1200
	labelWidth  = 176
	rowHeight   = 30
	barHeight   = 13
	panelHeader = 46
	chartFooter = 44
	gridSeconds = 30.0
	// shownSeconds is how long a task must take to be drawn, unless it is critical.
	shownSeconds = 1.0
)

// chartStyle has colours for light and for dark.
const chartStyle = `
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.back{fill:#ffffff}.title{font-size:15px;font-weight:600}.small{font-size:10.5px;fill:#59636e}.in{font-size:10px;fill:#ffffff}
.grid{stroke:#d1d9e0;stroke-width:1}.end{stroke:#bc4c00;stroke-width:1.5;stroke-dasharray:4 3}
.task{fill:#8ab4dd}.fetch{fill:#c3ccd5}.critical{fill:#bc4c00}.path{fill:none;stroke:#bc4c00;stroke-width:1;opacity:.55}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.back{fill:#0d1117}.small{fill:#9198a1}.in{fill:#0d1117}
.grid{stroke:#3d444d}.end{stroke:#f0883e}.task{fill:#316dca}.fetch{fill:#545d68}.critical{fill:#f0883e}.path{stroke:#f0883e}}
`

// Draw draws schedules above each other over the same time. lanes are its rows, from the top. The same schedules give the same
// text.
func Draw(lanes []string, panels ...Panel) string {
	latest := 0.0
	for _, p := range panels {
		latest = max(latest, p.Schedule.Total())
	}
	c := &chart{lanes: lanes, seconds: math.Ceil(latest/gridSeconds) * gridSeconds}
	panelHeight := panelHeader + rowHeight*len(lanes) + 26
	height := panelHeight*len(panels) + chartFooter
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Predicted time of a deployment">`, chartWidth, height, chartWidth, height)
	c.printf("\n<style>%s</style>\n<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n", chartStyle, chartWidth, height)
	for i, p := range panels {
		c.panel(p, i*panelHeight)
	}
	c.legend(height - chartFooter + 14)
	c.printf("</svg>\n")
	return c.text.String()
}

type chart struct {
	text    strings.Builder
	lanes   []string
	seconds float64
}

func (c *chart) printf(format string, args ...any) { fmt.Fprintf(&c.text, format, args...) }

func (c *chart) x(seconds float64) float64 {
	return labelWidth + seconds/c.seconds*(chartWidth-labelWidth-24)
}

func (c *chart) panel(p Panel, top int) {
	rows := top + panelHeader
	bottom := rows + rowHeight*len(c.lanes)
	c.printf("<text class=\"title\" x=\"16\" y=\"%d\">%s</text>\n", top+26, html.EscapeString(p.Title))
	for at := 0.0; at <= c.seconds; at += gridSeconds {
		c.printf("<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"small\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d:%02d</text>\n",
			c.x(at), rows, c.x(at), bottom, c.x(at), bottom+14, int(at)/60, int(at)%60)
	}
	critical := map[string]bool{}
	var corners []string
	for _, t := range p.Schedule.CriticalPath() {
		critical[t.ID] = true
		if y, ok := c.middle(t, rows); ok && t.Seconds > 0 {
			corners = append(corners, fmt.Sprintf("%.1f,%d %.1f,%d", c.x(t.Start), y, c.x(t.End), y))
		}
	}
	for i, lane := range c.lanes {
		c.printf("<text x=\"16\" y=\"%d\">%s</text>\n", rows+rowHeight*i+20, html.EscapeString(lane))
	}
	for _, important := range []bool{false, true} { // what is critical lies on top
		for i, lane := range c.lanes {
			for _, t := range p.Schedule.InLane(lane) {
				if critical[t.ID] == important && (t.Seconds >= shownSeconds || important && t.Seconds > 0) {
					c.bar(t, rows+rowHeight*i, important)
				}
			}
		}
	}
	c.printf("<polyline class=\"path\" points=\"%s\"/>\n", strings.Join(corners, " "))
	end := p.Schedule.End()
	c.printf("<line class=\"end\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"end\">all pods Running: %s</text>\n",
		c.x(end), rows-8, c.x(end), bottom, c.x(end)-6, rows-8, Duration(end))
}

// middle is the height of a task's bar: what is fetched lies in the lower half of its row.
func (c *chart) middle(t Timed, rows int) (int, bool) {
	for i, lane := range c.lanes {
		if lane == t.Lane {
			return rows + rowHeight*i + c.offset(t) + barHeight/2, true
		}
	}
	return 0, false
}

func (c *chart) offset(t Timed) int {
	if fetches(t) {
		return 2 + barHeight
	}
	return 2
}

func fetches(t Timed) bool { return t.Uses != "" && t.Uses != slots }

func (c *chart) bar(t Timed, row int, important bool) {
	class := "task"
	switch {
	case important:
		class = "critical"
	case fetches(t):
		class = "fetch"
	}
	title := ""
	if important {
		title = fmt.Sprintf("<title>%s: %s, %.1f s from %.1f s</title>", html.EscapeString(t.Lane), html.EscapeString(t.Label), t.Seconds, t.Start)
	}
	width := max(c.x(t.End)-c.x(t.Start)-0.6, 0.6)
	c.printf("<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"1.5\">%s</rect>\n",
		class, c.x(t.Start), row+c.offset(t), width, barHeight-1, title)
	const perLetter = 5.4 // pixels, at the size of the text in bars
	if important && float64(len(t.Label))*perLetter < width-4 {
		c.printf("<text class=\"in\" x=\"%.1f\" y=\"%d\">%s</text>\n", c.x(t.Start)+3, row+c.offset(t)+barHeight-4, html.EscapeString(t.Label))
	}
}

func (c *chart) legend(y int) {
	x := labelWidth
	for _, item := range []struct {
		class, text string
		width       int
	}{
		{"critical", "critical path", 110}, {"task", "work and waiting", 130}, {"fetch", "packages and images on their way", 220},
	} {
		c.printf("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"14\" height=\"10\" rx=\"1.5\"/><text x=\"%d\" y=\"%d\">%s</text>\n", item.class, x, y, x+20, y+9, item.text)
		x += item.width + 24
	}
	c.printf("<text class=\"small\" x=\"%d\" y=\"%d\" text-anchor=\"end\">Predicted from documented durations and assumptions; nothing was measured on AWS.</text>\n", chartWidth-24, y+9)
}
