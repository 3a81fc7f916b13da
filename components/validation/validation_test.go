package validation

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProblem_Error(t *testing.T) {
	for _, test := range []struct {
		name    string
		problem Problem
		want    string
	}{
		{"text", Problem{"growbin:region", "eu", "must be an AWS region"}, `growbin:region: "eu" must be an AWS region`},
		{"number", Problem{"Port", 0, "must be 1 to 65535"}, `Port: 0 must be 1 to 65535`},
		{"list", Problem{"Zones", []string{"a", "b"}, "must have three"}, `Zones: ["a" "b"] must have three`},
		{"not set", Problem{"Namespace", nil, "must be a namespace"}, `Namespace: not set, must be a namespace`},
		{"control characters", Problem{"K", "a\x1b[31m\nb", "must be plain"}, `K: "a\x1b[31m\nb" must be plain`},
		{"control characters of a type of its own", Problem{"K", errors.New("a\x1b"), "must be plain"}, `K: "a\x1b" must be plain`},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.problem.Error()) })
	}
}

func TestProblem_LongValueIsCut(t *testing.T) {
	text := Problem{"K", strings.Repeat("x", 100_000), "must be short"}.Error()
	assert.Less(t, len(text), maxValue+50)
	assert.Contains(t, text, "must be short")
}

func TestProblems_Empty(t *testing.T) {
	var p Problems
	p.Include("Field", nil)
	assert.NoError(t, p.Err())
}

func TestProblems_IncludeNestsFields(t *testing.T) {
	var inner Problems
	inner.Add("FromPort", 70000, "must be 0 to 65535")
	inner.NotSet("Description", "must say why the traffic is needed")
	inner.Add("FromCIDRs", []string{"a"}, "must be ranges") // a value that cannot be compared
	var p Problems
	p.Include("Rules[2]", inner.Err())
	p.Include("", inner.Err())
	p.Include("Image", errors.New("invalid reference"))
	p.Include("Nodes[w]", fmt.Errorf("worker:\n%w", inner.Err()))
	require.Len(t, p.List(), 10)
	assert.Equal(t, strings.Join([]string{
		"Rules[2].FromPort: 70000 must be 0 to 65535",
		"Rules[2].Description: not set, must say why the traffic is needed",
		`Rules[2].FromCIDRs: ["a"] must be ranges`,
		"FromPort: 70000 must be 0 to 65535",
		"Description: not set, must say why the traffic is needed",
		`FromCIDRs: ["a"] must be ranges`,
		"Image: invalid reference",
		"Nodes[w].FromPort: 70000 must be 0 to 65535",
		"Nodes[w].Description: not set, must say why the traffic is needed",
		`Nodes[w].FromCIDRs: ["a"] must be ranges`,
	}, "\n"), p.Err().Error())
}

func TestPrintable(t *testing.T) {
	assert.Equal(t, "disk full", Printable("disk full"))
	assert.Equal(t, " [2Jgone  next ", Printable("\x1b[2Jgone\r\nnext\u202e"))
	assert.Equal(t, "a?b", Printable("a\xffb"))
	assert.Equal(t, strings.Repeat("한", 200)+"…", Printable(strings.Repeat("한", 5000)))
}
