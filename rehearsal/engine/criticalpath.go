package engine

import (
	"context"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Wait is a resource on a critical path, and the time for which it is waited.
type Wait struct {
	Type, Name string
	Time       time.Duration
}

// CriticalPath returns the chain of the stack's resources that an update waits for the longest: each depends on the one before,
// directly or through others. wait is the time for a resource of a type. Resources without a wait are left out.
func (e *Engine) CriticalPath(ctx context.Context, wait func(token string) time.Duration) ([]Wait, error) {
	resources, err := e.resources(ctx)
	if err != nil {
		return nil, err
	}
	return criticalPath(resources, wait), nil
}

func criticalPath(resources []apitype.ResourceV3, wait func(token string) time.Duration) []Wait {
	ends := map[resource.URN]time.Duration{} // in the order of the state, each resource follows those that it depends on
	previous := map[resource.URN]resource.URN{}
	byURN := map[resource.URN]apitype.ResourceV3{}
	var last resource.URN
	for _, r := range resources {
		byURN[r.URN] = r
		for _, needed := range append(slices.Clone(r.Dependencies), r.Parent) {
			if ends[needed] > ends[previous[r.URN]] {
				previous[r.URN] = needed
			}
		}
		ends[r.URN] = ends[previous[r.URN]] + wait(string(r.Type))
		if ends[r.URN] > ends[last] {
			last = r.URN
		}
	}
	var path []Wait
	for urn := last; urn != ""; urn = previous[urn] {
		if r := byURN[urn]; wait(string(r.Type)) > 0 {
			path = append(path, Wait{string(r.Type), urn.Name(), wait(string(r.Type))})
		}
	}
	slices.Reverse(path)
	return path
}
