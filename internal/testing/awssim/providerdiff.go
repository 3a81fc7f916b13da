package awssim

import (
	"context"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares a resource's state with a program's inputs.
func (p *provider) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	rt, _, err := subject(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	old, in := fromPropertyMap(olds), fromPropertyMap(news)
	changes := rt.diff(old, in)
	if rt.tagged {
		want := previewTags(p.clients.config(ctx).defaultTags, in)
		changes = append(changes, property{kind: textMap}.diff("tagsAll", old["tagsAll"], want)...)
	}
	return diffResponse(slices.DeleteFunc(changes, func(c change) bool { return ignored(c.path, req.GetIgnoreChanges()) })), nil
}

// ignored says whether a change lies at or below a path that the program ignores changes of.
func ignored(path string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		rest, below := strings.CutPrefix(path, p)
		if p == "tags" && top(path) == "tagsAll" || path == "tagsAll."+strings.TrimPrefix(p, "tags.") {
			return true
		}
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func diffResponse(changes []change) *pulumirpc.DiffResponse {
	res := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	for _, c := range changes {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
		name := top(c.path)
		if !slices.Contains(res.Diffs, name) {
			res.Diffs = append(res.Diffs, name)
		}
		if c.replaces && !slices.Contains(res.Replaces, name) {
			res.Replaces = append(res.Replaces, name)
		}
		res.DetailedDiff[c.path] = &pulumirpc.PropertyDiff{Kind: diffKind(c)}
	}
	return res
}

func diffKind(c change) pulumirpc.PropertyDiff_Kind {
	kinds := map[changeKind][2]pulumirpc.PropertyDiff_Kind{
		added:   {pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE},
		removed: {pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE},
		updated: {pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE},
	}
	if c.replaces {
		return kinds[c.kind][1]
	}
	return kinds[c.kind][0]
}
