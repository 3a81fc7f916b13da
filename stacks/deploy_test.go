package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDeployBothStacks(t *testing.T) {
	for _, stack := range allStacks {
		t.Run(stack, func(t *testing.T) {
			w := deploy(t, stack, nil)
			assert.Len(t, w.mocks.OfType("aws:ec2/instance:Instance"), len(topology))
			assert.Len(t, w.mocks.OfType("kubernetes:apps/v1:Deployment"), len(catalogue))
		})
	}
}
