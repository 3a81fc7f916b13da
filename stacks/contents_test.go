package stacks

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A destroy must end without an API server, and a refresh without one must not forget the objects in the cluster.
func TestContents_DeletedWithTheVPC(t *testing.T) {
	w := deploy(t, "dev", nil)
	vpc := w.mocks.Only(t, "aws:ec2/vpc:Vpc")
	objects := 0
	for _, r := range w.mocks.All() {
		if strings.HasPrefix(r.Type, "kubernetes:") {
			objects++
			assert.Equal(t, vpc.URN, r.DeletedWith, "%s %s", r.Type, r.Name)
		}
		if strings.HasPrefix(r.Type, "aws:") {
			assert.Empty(t, r.DeletedWith, "%s %s", r.Type, r.Name)
		}
	}
	assert.Greater(t, objects, 100)
	assert.Nil(t, w.mocks.Only(t, "pulumi:providers:kubernetes").Value("deleteUnreachable"))
}
