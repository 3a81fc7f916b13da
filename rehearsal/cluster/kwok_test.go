package cluster

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestKwokConfig_LeaseIsTheOnlyHeartbeat holds that no stage writes the status of a node that is Ready: such a run goes on
// after the node has left kwok's selection.
func TestKwokConfig_LeaseIsTheOnlyHeartbeat(t *testing.T) {
	stages := 0
	for document := range strings.SplitSeq(kwokConfig, "---\n") {
		var stage struct {
			Kind string
			Spec struct {
				ResourceRef struct{ Kind string }
				Selector    struct {
					MatchExpressions []struct {
						Operator string
						Values   []string
					}
				}
				ImmediateNextStage bool
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &stage))
		if stage.Kind != "Stage" || stage.Spec.ResourceRef.Kind != "Node" {
			continue
		}
		stages++
		assert.False(t, stage.Spec.ImmediateNextStage)
		require.Len(t, stage.Spec.Selector.MatchExpressions, 1)
		assert.Equal(t, "NotIn", stage.Spec.Selector.MatchExpressions[0].Operator)
		assert.Equal(t, []string{"True"}, stage.Spec.Selector.MatchExpressions[0].Values)
	}
	assert.NotZero(t, stages, "without a stage of a node kwok uses its own heartbeat")
}
