package awssim

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// ChangeKind is how a property changes.
type ChangeKind int

// The kinds of changes.
const (
	Added ChangeKind = iota
	Removed
	Updated
)

// Change is one property that differs between a resource's state and a program's inputs.
type Change struct {
	// Path leads to the property, e.g. "tags.Name".
	Path string
	Kind ChangeKind
	// Replaces is true if the change replaces the resource.
	Replaces bool
}

// diff lists how new inputs differ from a resource's state, as the bridged provider compares them: state against
// configuration, so that drift shows after a refresh.
func (rt *resourceType) diff(old, new values) []Change {
	found := rt.inputs.diff("", old, new, false)
	if rt.alsoReplaces != nil {
		for _, name := range rt.alsoReplaces(old, new) {
			for i := range found {
				if top(found[i].Path) == name {
					found[i].Replaces = true
				}
			}
		}
	}
	return found
}

func (ps properties) diff(prefix string, old, new values, replaces bool) []Change {
	var found []Change
	for _, name := range slices.Sorted(maps.Keys(ps)) {
		p := ps[name]
		p.replaces = p.replaces || replaces
		o, n := old[name], new[name]
		if n == nil {
			if !p.computed && !zero(o) {
				found = append(found, Change{prefix + name, Removed, p.replaces})
			}
			continue
		}
		found = append(found, p.diff(prefix+name, o, n)...)
	}
	return found
}

func (p property) diff(path string, o, n any) []Change {
	whole := func(kind ChangeKind) []Change { return []Change{{path, kind, p.replaces}} }
	if _, isUnknown := n.(unknown); isUnknown {
		return whole(Updated)
	}
	if o == nil {
		if zero(n) {
			return nil
		}
		return whole(Added)
	}
	switch p.kind {
	case textMap:
		return p.diffMap(path, o, n)
	case block:
		was, _ := o.(values)
		is, _ := n.(values)
		return p.fields.diff(path+".", was, is, p.replaces)
	case blocks:
		return p.diffBlocks(path, values{"": o}.blocks(""), values{"": n}.blocks(""))
	case textSet:
		if sameSet(o, n) {
			return nil
		}
	case document:
		if sameDocument(o, n) {
			return nil
		}
	case text:
		if s, ok := n.(string); ok && p.hash != nil && o == p.hash(s) {
			return nil
		}
	}
	if same(o, n) {
		return nil
	}
	return whole(Updated)
}

func (p property) diffMap(path string, o, n any) []Change {
	was, _ := o.(values)
	is, _ := n.(values)
	var found []Change
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if _, stays := is[key]; !stays {
			found = append(found, Change{path + "." + key, Removed, p.replaces})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(is)) {
		before, existed := was[key]
		switch {
		case !existed:
			found = append(found, Change{path + "." + key, Added, p.replaces})
		case !same(before, is[key]):
			found = append(found, Change{path + "." + key, Updated, p.replaces})
		}
	}
	return found
}

// diffBlocks pairs blocks by their key field; a block too many or too few counts against the whole property.
func (p property) diffBlocks(path string, was, is []values) []Change {
	if len(was) != len(is) {
		return []Change{{path, Updated, p.replaces}}
	}
	if p.key != "" {
		was, is = sortedBy(p.key, was), sortedBy(p.key, is)
	}
	for i := range is {
		for _, inner := range p.fields.diff(path+".", was[i], is[i], p.replaces) {
			return []Change{{path, Updated, inner.Replaces}}
		}
	}
	return nil
}

func sortedBy(key string, list []values) []values {
	out := slices.Clone(list)
	sort.SliceStable(out, func(i, j int) bool { return out[i].text(key) < out[j].text(key) })
	return out
}

// top is the first part of a property path.
func top(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}
