package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// cell is a text and how it is shown; the colour takes no room.
type cell struct {
	text  string
	color color
	right bool
}

// color is an ANSI escape sequence, without its frame.
type color string

const (
	plain  color = ""
	faint  color = "2"
	bold   color = "1"
	green  color = "32"
	yellow color = "33"
	red    color = "31"
)

func (c color) paint(on bool, text string) string {
	if !on || c == plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// table lines columns up. The last column keeps its length, so no line ends in blanks.
type table struct {
	rows [][]cell
}

func (t *table) row(cells ...cell) { t.rows = append(t.rows, cells) }

const (
	margin = "  "
	gap    = "  "
)

func (t *table) write(out io.Writer, colors bool) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range t.rows {
		line := strings.Builder{}
		line.WriteString(margin)
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			text := c.color.paint(colors, c.text)
			switch {
			case c.right:
				line.WriteString(pad + text)
			case i == len(row)-1:
				line.WriteString(text)
			default:
				line.WriteString(text + pad)
			}
			if i < len(row)-1 {
				line.WriteString(gap)
			}
		}
		fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
}

func head(names ...string) []cell {
	cells := make([]cell, len(names))
	for i, name := range names {
		name, right := strings.CutPrefix(name, ">")
		cells[i] = cell{text: name, color: faint, right: right}
	}
	return cells
}
