package provider

import (
	"context"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Diff compares a resource's state with a program's inputs.
func (p *provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	token, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	state, err := fakeprovider.Unmarshal(req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(req.GetNews())
	if err != nil {
		return nil, err
	}
	changes, err := p.client.Load().Diff(token, state, inputs, req.GetIgnoreChanges())
	if err != nil {
		return nil, err
	}
	return diffResponse(changes), nil
}

func diffResponse(changes []awssim.Change) *pulumirpc.DiffResponse {
	res := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	for _, c := range changes {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
		name := property(c.Path)
		if !slices.Contains(res.Diffs, name) {
			res.Diffs = append(res.Diffs, name)
		}
		if c.Replaces && !slices.Contains(res.Replaces, name) {
			res.Replaces = append(res.Replaces, name)
		}
		res.DetailedDiff[c.Path] = &pulumirpc.PropertyDiff{Kind: diffKind(c)}
	}
	return res
}

// property is the first part of a property path.
func property(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}

func diffKind(c awssim.Change) pulumirpc.PropertyDiff_Kind {
	kinds := map[awssim.ChangeKind][2]pulumirpc.PropertyDiff_Kind{
		awssim.Added:   {pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE},
		awssim.Removed: {pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE},
		awssim.Updated: {pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE},
	}
	if c.Replaces {
		return kinds[c.Kind][1]
	}
	return kinds[c.Kind][0]
}
