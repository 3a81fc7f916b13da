package awssim

import (
	"slices"
	"sort"
	"strings"
)

type changeKind int

const (
	added changeKind = iota
	removed
	updated
)

// change is one property that a program wants different from what exists.
type change struct {
	path     string
	kind     changeKind
	replaces bool
}

// diff lists how new inputs differ from a resource's state, as the bridged provider compares them: state against
// configuration, so that what was changed behind the program's back shows after a refresh.
func (rt *resourceType) diff(old, new values) []change {
	found := rt.inputs.diff("", old, new, false)
	if rt.alsoReplaces != nil {
		for _, name := range rt.alsoReplaces(old, new) {
			for i := range found {
				if top(found[i].path) == name {
					found[i].replaces = true
				}
			}
		}
	}
	return found
}

func (ps properties) diff(prefix string, old, new values, replaces bool) []change {
	var found []change
	for _, name := range sortedKeys(ps) {
		p := ps[name]
		p.replaces = p.replaces || replaces
		o, n := old[name], new[name]
		if n == nil {
			if !p.computed && !zero(o) {
				found = append(found, change{prefix + name, removed, p.replaces})
			}
			continue
		}
		found = append(found, p.diff(prefix+name, o, n)...)
	}
	return found
}

func (p property) diff(path string, o, n any) []change {
	whole := func(kind changeKind) []change { return []change{{path, kind, p.replaces}} }
	if _, isUnknown := n.(unknown); isUnknown {
		return whole(updated)
	}
	if o == nil {
		if zero(n) {
			return nil
		}
		return whole(added)
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
	return whole(updated)
}

func (p property) diffMap(path string, o, n any) []change {
	was, _ := o.(values)
	is, _ := n.(values)
	var found []change
	for _, key := range sortedKeys(was) {
		if _, stays := is[key]; !stays {
			found = append(found, change{path + "." + key, removed, p.replaces})
		}
	}
	for _, key := range sortedKeys(is) {
		before, existed := was[key]
		switch {
		case !existed:
			found = append(found, change{path + "." + key, added, p.replaces})
		case !same(before, is[key]):
			found = append(found, change{path + "." + key, updated, p.replaces})
		}
	}
	return found
}

// diffBlocks pairs blocks by their key field; a block too many or too few counts against the whole property.
func (p property) diffBlocks(path string, was, is []values) []change {
	if len(was) != len(is) {
		return []change{{path, updated, p.replaces}}
	}
	if p.key != "" {
		was, is = sortedBy(p.key, was), sortedBy(p.key, is)
	}
	for i := range is {
		for _, inner := range p.fields.diff(path+".", was[i], is[i], p.replaces) {
			return []change{{path, updated, inner.replaces}}
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
