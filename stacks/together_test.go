package stacks

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

// A part of the program that waits for a node would hold what comes after it, and a first update would take longer.
func TestTogether_PodsWaitForNoNodeThatTheyDoNotNeed(t *testing.T) {
	g := recordGraph(t)
	for _, node := range nodeNames(topology) {
		t.Run(node, func(t *testing.T) {
			held := "kubernetes:core/v1:NodePatch " + node
			others := g.without(t, held)
			require.NotEmpty(t, others)
			_, err := tryDeployOn(t, "dev", nil, awssim.Options{}, func(_ *awssim.Cloud, m *mocks.Mocks) {
				m.Before = holdBack(t, held, others)
			})
			require.NoError(t, err)
		})
	}
}

// without returns the names of the resources that wait for pods, and that Pulumi can complete without the named resource.
func (g graph) without(t *testing.T, name string) []string {
	var held []string
	for urn, job := range g {
		if job.name == name {
			held = append(held, urn)
		}
	}
	require.Len(t, held, 1, name)
	var names []string
	for urn, job := range g {
		if len(job.awaits) > 0 && !g.before(urn)[held[0]] {
			names = append(names, job.name)
		}
	}
	return names
}

// holdBack returns a hook that holds the registration of a name until those of all others have begun.
func holdBack(t *testing.T, name string, others []string) func(token, name string) {
	var mu sync.Mutex
	missing := map[string]bool{}
	for _, other := range others {
		missing[other] = true
	}
	all := make(chan struct{})
	return func(token, registered string) {
		mu.Lock()
		if this := token + " " + registered; missing[this] {
			delete(missing, this)
			if len(missing) == 0 {
				close(all)
			}
		}
		mu.Unlock()
		if token+" "+registered != name {
			return
		}
		select {
		case <-all:
		case <-time.After(20 * time.Second):
			mu.Lock()
			defer mu.Unlock()
			for other := range missing {
				t.Errorf("%s waits for %s, and does not need it", other, name)
			}
		}
	}
}
