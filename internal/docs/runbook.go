package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/growbin/cluster/stacks"
)

// maxColumns is the longest line of a page, in characters.
const maxColumns = 120

// runbookLanguage is a page with the entries of the alerts in one language.
type runbookLanguage struct {
	path, look, do string
	of             func(stacks.RunbookEntry) stacks.Explanation
}

var runbookLanguages = []runbookLanguage{
	{"docs/operate.md", "Look", "Do", func(e stacks.RunbookEntry) stacks.Explanation { return e.English }},
	{"docs/ko/operate.md", "확인", "조치", func(e stacks.RunbookEntry) stacks.Explanation { return e.Korean }},
}

// runbookPages returns the pages for the person on call, with the entries of Growbin's alerts.
func runbookPages(root string) ([]File, error) {
	var files []File
	for _, language := range runbookLanguages {
		page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(language.path)))
		if err != nil {
			return nil, err
		}
		if page, err = replaceBlock(page, "alerts", language.entries()); err != nil {
			return nil, fmt.Errorf("%s: %w", language.path, err)
		}
		files = append(files, File{language.path, page})
	}
	return files, nil
}

func (l runbookLanguage) entries() string {
	var out strings.Builder
	for _, entry := range stacks.Runbook() {
		text := l.of(entry)
		fmt.Fprintf(&out, "\n### %s\n\n%s\n\n%s\n%s\n", entry.Alert,
			wrapMarkdown(text.Means, ""), wrapMarkdown("- "+l.look+": "+text.Look, "  "), wrapMarkdown("- "+l.do+": "+text.Do, "  "))
	}
	return out.String() + "\n"
}

// wrapMarkdown breaks a paragraph of Markdown into lines of at most maxColumns. Lines but the first begin with indent. Code spans stay
// on one line, so that a command can be found and copied.
func wrapMarkdown(paragraph, indent string) string {
	var lines []string
	line := ""
	for _, word := range words(paragraph) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > maxColumns:
			lines, line = append(lines, line), indent+word
		default:
			line += " " + word
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// words splits at spaces outside of code spans.
func words(paragraph string) []string {
	code := false
	return strings.FieldsFunc(paragraph, func(r rune) bool {
		if r == '`' {
			code = !code
		}
		return r == ' ' && !code
	})
}
