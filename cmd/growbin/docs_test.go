package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written is a line or a code span with a command of growbin, up to a pipe, a redirection, a comment or the end of the span.
var written = regexp.MustCompile("(^|`|\\$ |run: )growbin( [^`|>#&;\n]*)?")

// Every command of growbin in the docs and the workflows exists, with its flags and its number of arguments.
func TestDocs_CommandsExist(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		fenced := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			for _, match := range written.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				words := strings.Fields(match[2])
				if match[1] == "" && !fenced || len(words) == 0 {
					continue // prose, or the program itself
				}
				found++
				command, rest, err := newRoot().Find(words)
				if !assert.NoError(t, err, "%s: %s", page, match[0]) || strings.Contains(match[2], "…") {
					continue
				}
				err = command.ParseFlags(rest)
				if !fenced && err != nil && strings.HasPrefix(err.Error(), "flag needs an argument") {
					continue // a sentence may name a flag alone
				}
				if assert.NoError(t, err, "%s: %s", page, match[0]) && (fenced || len(command.Flags().Args()) > 0) {
					assert.NoError(t, command.ValidateArgs(command.Flags().Args()), "%s: %s", page, match[0])
				}
			}
		}
	}
	assert.Greater(t, found, 60, "the expression finds the commands")
}

// pages are the Markdown files and the workflows.
func pages(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "examples/*/*.md", ".github/workflows/*.yml"} {
		some, err := filepath.Glob("../../" + pattern)
		require.NoError(t, err)
		files = append(files, some...)
	}
	require.NoError(t, filepath.WalkDir("../../docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	}))
	return files
}
