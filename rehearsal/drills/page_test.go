package drills

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal"
)

// A page has all of its blocks, those of lists too, for the stack of the drill, until they run.
func TestPage_Left(t *testing.T) {
	s := &shell{growbin: &growbin{Rehearsal: &rehearsal.Rehearsal{Options: rehearsal.Options{Root: "../..", Stack: "dev"}}}}
	p, err := s.open("docs/grow.md")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"pulumi config set --path 'growbin:moreNodes[0]' k8s-worker-ai-peak=k8s-worker-ai -s dev",
		"pulumi config rm --path 'growbin:moreNodes[0]' -s dev",
		"pulumi config set --path 'growbin:autoscale[0]' waste-api=2-3 -s dev",
	}, p.left())
	_, err = p.run(t.Context(), "pulumi destroy", nil)
	require.ErrorContains(t, err, `docs/grow.md has no block with "pulumi destroy" that did not run yet`)
	_, err = p.run(t.Context(), "pulumi config set --path 'growbin:moreNodes", map[string]string{"another": ""})
	require.ErrorContains(t, err, `has no "another"`)
	p, err = s.open("docs/release.md")
	require.NoError(t, err)
	assert.Contains(t, p.left(), "pulumi config set --path 'growbin:releaseRepositories[0]' waste-api=growbin/waste-api -s dev", "it is part of a list")
}
