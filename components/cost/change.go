package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Change is the difference of one line between two tables.
type Change struct {
	// Resource and Item identify the line.
	Resource, Item string
	// Before and After are the amounts a month as bought; 0 without the line.
	Before, After Cents
}

// Delta returns the growth, negative if the line shrank.
func (c Change) Delta() Cents { return c.After - c.Before }

// String returns the change in one line, e.g. "k8s-master t3.xlarge: 0.00 → 151.84 (+151.84)".
func (c Change) String() string {
	return fmt.Sprintf("%s %s: %s → %s (%s)", c.Resource, c.Item, c.Before, c.After, Signed(c.Delta()))
}

// Signed returns an amount with its sign, e.g. +3.65.
func Signed(c Cents) string {
	if c < 0 {
		return c.String()
	}
	return "+" + c.String()
}

// Changes returns the lines whose amounts differ, those that grew most first.
func Changes(before, after []Line) []Change {
	var list []Change
	at := func(l Line) *Change {
		for i := range list {
			if list[i].Resource == l.Resource && list[i].Item == l.Item {
				return &list[i]
			}
		}
		list = append(list, Change{Resource: l.Resource, Item: l.Item})
		return &list[len(list)-1]
	}
	for _, l := range before {
		at(l).Before += l.Bought
	}
	for _, l := range after {
		at(l).After += l.Bought
	}
	list = slices.DeleteFunc(list, func(c Change) bool { return c.Delta() == 0 })
	slices.SortStableFunc(list, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Delta(), a.Delta()), strings.Compare(a.Resource+a.Item, b.Resource+b.Item))
	})
	return list
}

// Grown returns the changes that add to the bill.
func Grown(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Delta() <= 0 })
}
