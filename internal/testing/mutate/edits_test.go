package main

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An edit that does not apply, or is no Go, would stop a run of hours.
func TestEdits_ApplyToTheCode(t *testing.T) {
	t.Chdir("../../..")
	edits, err := readEdits("internal/testing/mutate/edits.txt", regexp.MustCompile(""))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(edits), 100)
	for _, edit := range edits {
		assert.NotEqual(t, edit.Old, edit.New, edit.String())
	}
	r := newRunner(t.TempDir(), edits)
	require.NoError(t, r.overlay())
	text, err := os.ReadFile(r.file)
	require.NoError(t, err)
	var overlay struct{ Replace map[string]string }
	require.NoError(t, json.Unmarshal(text, &overlay))
	require.NotEmpty(t, overlay.Replace)
	for file, edited := range overlay.Replace {
		_, err := parser.ParseFile(token.NewFileSet(), edited, nil, 0)
		assert.NoError(t, err, file)
		code, err := os.ReadFile(edited)
		require.NoError(t, err)
		assert.NotContains(t, string(code), ".mutated(", "an edit begins inside of a qualified name: include the package")
	}
}

func TestWriteKillers_KeepsTheList(t *testing.T) {
	list := filepath.Join(t.TempDir(), "edits.txt")
	const text = "# edits\na.go\tx := «1»«2»\tend\nb.go\t«old»«new» {\t./b.TestOld\nc.sh\t«c»«d»\n"
	require.NoError(t, os.WriteFile(list, []byte(text), 0o600))
	edits, err := readEdits(list, regexp.MustCompile(""))
	require.NoError(t, err)
	require.Len(t, edits, 3)
	assert.Equal(t, "\tend", edits[0].After)
	assert.Equal(t, "./b.TestOld", edits[1].Killer)
	assert.Equal(t, " {", edits[1].After)

	edits[0].Killer, edits[1].Killer = "./a.TestNew", ""
	require.NoError(t, writeKillers(list, edits[:2]))
	written, err := os.ReadFile(list)
	require.NoError(t, err)
	assert.Equal(t, "# edits\na.go\tx := «1»«2»\tend\t./a.TestNew\nb.go\t«old»«new» {\nc.sh\t«c»«d»\n", string(written))
}
