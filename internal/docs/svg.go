package docs

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// canvas collects the elements of an SVG picture. Lengths are in pixels.
type canvas struct{ strings.Builder }

func (c *canvas) rect(x, y, width, height, radius float64, fill, stroke string) {
	fmt.Fprintf(c, `<rect x="%g" y="%g" width="%g" height="%g" rx="%g" fill="%s" stroke="%s"/>`+"\n", x, y, width, height, radius, fill, stroke)
}

// label is a text style.
type label struct {
	size   float64
	color  string
	weight string // "" is normal
	anchor string // "" is start
}

func (c *canvas) text(x, y float64, style label, text string) {
	attributes := ""
	if style.weight != "" {
		attributes += fmt.Sprintf(` font-weight="%s"`, style.weight)
	}
	if style.anchor != "" {
		attributes += fmt.Sprintf(` text-anchor="%s"`, style.anchor)
	}
	fmt.Fprintf(c, `<text x="%g" y="%g" font-size="%g" fill="%s"%s>%s</text>`+"\n", x, y, style.size, style.color, attributes, html.EscapeString(text))
}

// arrow is a line with a head at its second end.
func (c *canvas) arrow(x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="1.5" marker-end="url(#head)"/>`+"\n", x1, y1, x2, y2, colorLine)
}

// Chips are small labelled boxes that wrap like words.
const (
	chipHeight = 22.0
	chipGap    = 6.0
	chipSize   = 12.0
)

// chip is a label with the colors of its role.
type chip struct {
	text  string
	color roleColor
}

func (c chip) width() float64 { return textWidth(c.text, chipSize) + 16 }

// chips draws the chips from (x, y) on, at most width wide, and returns the height they take.
func (c *canvas) chips(x, y, width float64, chips []chip) float64 {
	left, top := x, y
	for _, chip := range chips {
		if left > x && left+chip.width() > x+width {
			left, top = x, top+chipHeight+chipGap
		}
		c.rect(left, top, chip.width(), chipHeight, 5, chip.color.light, chip.color.dark)
		c.text(left+chip.width()/2, top+15.5, label{size: chipSize, color: colorText, anchor: "middle"}, chip.text)
		left += chip.width() + chipGap
	}
	return top + chipHeight - y
}

// textWidth estimates the width of a text in a sans-serif font; the widest common ones take this much.
func textWidth(text string, size float64) float64 {
	return float64(utf8.RuneCountInString(text)) * size * 0.58
}

// wrap breaks a text into lines that are at most width wide.
func wrap(text string, size, width float64) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && textWidth(lines[last]+" "+word, size) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
