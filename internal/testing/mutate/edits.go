package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
)

// Edit is one change of the product code.
type Edit struct {
	// ID is the number of the edit, from 1.
	ID int
	// File is its path in the repository.
	File string
	// Before and After surround the edited text, which is Old and becomes New. Together they occur once in the file.
	Before, Old, New, After string
	// Killer is the test that found the edit the last time, as PACKAGE.TestName with the package's path; empty if none has.
	Killer string
}

// String returns the edit as in the list, without its killer.
func (e Edit) String() string {
	return fmt.Sprintf("%s\t%s«%s»«%s»%s", e.File, e.Before, e.Old, e.New, e.After)
}

// packages are the packages whose tests must find the edit.
func (e Edit) packages() []string {
	own := "./" + path.Dir(e.File)
	if path.Base(own) == "scripts" {
		own = "./" + path.Dir(path.Dir(e.File))
	}
	if own == "./stacks" {
		return []string{own}
	}
	return []string{own, "./stacks"}
}

// isGo reports whether the edit is one of an expression, which can be chosen at run time.
func (e Edit) isGo() bool { return strings.HasSuffix(e.File, ".go") }

// apply replaces the text by another one.
func (e Edit) apply(text, by string) (string, error) {
	context := e.Before + e.Old + e.After
	if count := strings.Count(text, context); count != 1 {
		return "", fmt.Errorf("%s: %q occurs %d times, must occur once: change the edit with the code", e.File, context, count)
	}
	return strings.Replace(text, context, e.Before+by+e.After, 1), nil
}

var editLine = regexp.MustCompile(`^(\S+)\t(.*)«(.*)»«(.*)»(.*?)(?:\t(\./\S+\.Test\w+))?$`)

// readEdits reads the list: a file, a tab, a piece of one line with «old»«new» in it, and after another tab the killer.
func readEdits(list string, filter *regexp.Regexp) ([]Edit, error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("read the edits: %w", err)
	}
	var edits []Edit
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found := editLine.FindStringSubmatch(line)
		if found == nil {
			return nil, fmt.Errorf("%s:%d: %q must be FILE<tab>before«old»«new»after", list, i+1, line)
		}
		if filter.MatchString(found[1]) {
			edits = append(edits, Edit{ID: len(edits) + 1, File: found[1], Before: found[2], Old: found[3], New: found[4], After: found[5], Killer: found[6]})
		}
	}
	return edits, nil
}

// writeKillers writes the killers into the list.
func writeKillers(list string, edits []Edit) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("read the edits: %w", err)
	}
	killers := map[string]string{}
	for _, edit := range edits {
		killers[edit.String()] = edit.Killer
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		found := editLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		edit := strings.TrimSuffix(line, "\t"+found[6])
		if killer, known := killers[edit]; known && killer != "" {
			lines[i] = edit + "\t" + killer
		} else if known {
			lines[i] = edit
		}
	}
	return os.WriteFile(list, []byte(strings.Join(lines, "\n")), 0o644)
}
