package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
)

const awsModelPage = "docs/simulated-aws.md"

// refusal matches the error code of a refusal in the model.
var refusal = regexp.MustCompile(`refuse\w*\(\s*(?:(?:"[^"]*"|[\w.]+),\s*){1,2}"([A-Z][A-Za-z0-9.]+)"`)

// operation matches the name of an API call, after which some refusals have their code in a variable.
var operation = regexp.MustCompile(`^(Put|Create|Delete|Attach)[A-Z]`)

// awsModel returns the page with its table of modeled types.
func awsModel(root string) (File, error) {
	page, err := os.ReadFile(filepath.Join(root, awsModelPage))
	if err != nil {
		return File{}, err
	}
	sources, err := modelSources(root)
	if err != nil {
		return File{}, err
	}
	var table strings.Builder
	table.WriteString("| type | changed in place | replaces | the cloud's choice if not set | not modeled | error codes | rules from | waits at least | seen |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range awssim.Covered() {
		wait := ""
		if c.Wait > 0 {
			wait = fmt.Sprintf("%.0f s", c.Wait.Seconds())
		}
		codes := refusals(sources, c.Title)
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s | `%s` | %s | %s |\n", c.Title, codeList(c.InPlace), codeList(c.Replacing), codeList(c.Chosen),
			codeList(c.Refused), codeList(codes), strings.TrimPrefix(c.Source, "internal/service/"), wait, c.Seen)
	}
	page, err = replaceBlock(page, "coverage", table.String())
	return File{awsModelPage, page}, err
}

func codeList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "`" + name + "`"
	}
	return strings.Join(quoted, ", ")
}

// modelSources are the texts of the model's files.
func modelSources(root string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(root, "internal", "testing", "awssim", "*.go"))
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// refusals returns the error codes in the file that defines a type.
func refusals(sources []string, title string) []string {
	var codes []string
	for _, text := range sources {
		if !strings.Contains(text, `"`+title+`"`) {
			continue
		}
		for _, found := range refusal.FindAllStringSubmatch(text, -1) {
			if !operation.MatchString(found[1]) {
				codes = append(codes, found[1])
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
