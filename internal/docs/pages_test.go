package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages are all Markdown files of the repository, relative to its root.
func pages(t *testing.T) []string {
	t.Helper()
	output, err := exec.Command("git", "-C", root, "ls-files", "-co", "--exclude-standard", "*.md").Output()
	require.NoError(t, err)
	var list []string
	for _, path := range strings.Fields(string(output)) {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			list = append(list, path)
		}
	}
	require.Greater(t, len(list), 15)
	return list
}

// split returns the lines outside fenced code blocks, and those inside with the fences.
func split(page string) (prose, code []string) {
	fenced := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			code = append(code, line)
		case fenced:
			code = append(code, line)
		default:
			prose = append(prose, line)
		}
	}
	return prose, code
}

var (
	tableRow = regexp.MustCompile(`^(> )?\|.*\|$`)
	// bareLink is a line with nothing but one link, which Markdown cannot break.
	bareLink = regexp.MustCompile(`^[-> ]*(https://\S+|\[[^]]*\]\(\S+\))[.,]?$`)
)

// mayBeLong reports whether Markdown has no way to break a line.
func mayBeLong(line string) bool { return tableRow.MatchString(line) || bareLink.MatchString(line) }

func TestMayBeLong(t *testing.T) {
	for line, may := range map[string]bool{
		"| a | b |": true, "> | a | b |": true, "[text](https://example.com)": true, "- https://example.com": true, "[text](page.md),": true,
		"| no table": false, "See [text](https://example.com)": false, "text": false, "https://example.com and more": false,
		"[a](b.md) [c](d.md)": false,
	} {
		assert.Equal(t, may, mayBeLong(line), line)
	}
}

func TestPages_Columns(t *testing.T) {
	for _, path := range pages(t) {
		number := 0
		for line := range strings.Lines(read(t, path)) {
			number++
			line = strings.TrimRight(line, "\n")
			if columns := utf8.RuneCountInString(line); columns > maxColumns && !mayBeLong(line) {
				t.Errorf("%s:%d has %d columns, at most %d are allowed", path, number, columns, maxColumns)
			}
		}
	}
}

// twins are the pages that exist in English and in Korean.
var twins = map[string]string{
	"README.md":                    "README.ko.md",
	"docs/operate.md":              "docs/ko/operate.md",
	"docs/from-the-old-cluster.md": "docs/ko/from-the-old-cluster.md",
	"docs/recover.md":              "docs/ko/recover.md",
	"docs/roll.md":                 "docs/ko/roll.md",
}

var comment = regexp.MustCompile(`(^|\s+)# .*$`)

// commands returns the commands and the code of a page, without comments, which are translated.
func commands(page string) (list []string) {
	_, code := split(page)
	for _, line := range code {
		if line = strings.TrimSpace(comment.ReplaceAllString(line, "")); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func TestTwins_SameCommands(t *testing.T) {
	for english, korean := range twins {
		assert.Equal(t, commands(read(t, english)), commands(read(t, korean)), "%s and %s differ", english, korean)
	}
}

// No section is missing in either language.
func TestTwins_SameSections(t *testing.T) {
	levels := func(path string) (list []string) {
		prose, _ := split(read(t, path))
		for _, line := range prose {
			if strings.HasPrefix(line, "#") {
				level, _, _ := strings.Cut(line, " ")
				list = append(list, level)
			}
		}
		return list
	}
	for english, korean := range twins {
		assert.Equal(t, levels(english), levels(korean), "the headings of %s and %s differ", english, korean)
	}
}

func TestCommands_CommentsLeftOut(t *testing.T) {
	page := "```sh\nmake rehearse    # English\n# all English\n\npulumi up -s dev\n```\nprose\n"
	assert.Equal(t, []string{"```sh", "make rehearse", "pulumi up -s dev", "```"}, commands(page))
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchors are those that GitHub gives the headings of a page.
func anchors(page string) (list []string) {
	for _, found := range heading.FindAllStringSubmatch(page, -1) {
		var anchor strings.Builder
		for _, r := range strings.ToLower(found[1]) {
			switch {
			case r == ' ' || r == '-':
				anchor.WriteByte('-')
			case r == '_', r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= '가' && r <= '힣':
				anchor.WriteRune(r)
			}
		}
		list = append(list, anchor.String())
	}
	return list
}

func TestLinks_Resolve(t *testing.T) {
	for _, path := range pages(t) {
		page := read(t, path)
		for _, found := range link.FindAllStringSubmatch(page, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(found[1], "#")
			target := path
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(path), filepath.FromSlash(file)))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, found[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", path, found[1], target)
			}
		}
	}
}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	repoPath = regexp.MustCompile(`^(?:stacks|components|internal|rehearsal|infra|cmd|examples|scripts|docs|\.github|\.ci)/[\w./-]*$`)
	testName = regexp.MustCompile(`^Test[A-Z]\w+$`)
	makeCall = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
)

// Paths, tests and targets that a page names exist.
func TestPages_NamesExist(t *testing.T) {
	tests := testNames(t)
	makefile := read(t, "Makefile")
	for _, path := range pages(t) {
		if path == "CHANGELOG.md" {
			continue // it names files of the past too
		}
		prose, code := split(read(t, path))
		text := strings.Join(prose, "\n")
		for _, found := range codeSpan.FindAllStringSubmatch(text, -1) {
			name := found[1]
			if repoPath.MatchString(name) {
				_, err := os.Stat(filepath.Join(root, name))
				assert.NoError(t, err, "%s names %s", path, name)
			}
			if testName.MatchString(name) {
				assert.True(t, tests[name], "%s names test %s, which does not exist", path, name)
			}
		}
		for _, text := range append(code, codeSpan.FindAllString(text, -1)...) {
			for _, found := range makeCall.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
				assert.True(t, strings.Contains(makefile, "\n"+found[1]+":"), "%s names make %s, which is no target", path, found[1])
			}
		}
	}
}

// testNames are the tests of all modules.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	require.NoError(t, walk(func(path string) error {
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(path)
		for _, found := range declaration.FindAllSubmatch(content, -1) {
			names[string(found[1])] = true
		}
		return err
	}))
	return names
}

// walk calls f for each file of the repository that can hold code of ours.
func walk(f func(path string) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); len(name) > 1 && name[0] == '.' && name != ".." {
				return fs.SkipDir
			}
			return nil
		}
		return f(path)
	})
}
