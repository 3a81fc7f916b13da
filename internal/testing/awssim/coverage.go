package awssim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Coverage is the part of a type that the model has, and where it is from.
type Coverage struct {
	// Token is Pulumi's type token; Title is AWS's name of the type.
	Token, Title string
	// InPlace and Replacing are the inputs by the effect of a change; Chosen are those that the cloud chooses when they are not set.
	InPlace, Replacing, Chosen []string
	// Refused are the inputs that the provider has and the model does not.
	Refused []string
	// Source is the file of terraform-provider-aws from which the rules of replacement were taken.
	Source string
	// Wait is the shortest time that the real provider was seen to take to create one; 0 where nobody has looked.
	Wait time.Duration
	// Seen is other behavior of the real provider that was tried.
	Seen string
}

// Covered returns every modeled type, by title.
func Covered() []Coverage {
	var all []Coverage
	for _, rt := range resourceTypes {
		c := Coverage{Token: rt.token, Title: rt.title, Refused: slices.Sorted(slices.Values(rt.refused)), Source: rt.source, Wait: rt.wait, Seen: rt.seen}
		for _, name := range slices.Sorted(maps.Keys(rt.inputs)) {
			input := rt.inputs[name]
			if input.replaces {
				c.Replacing = append(c.Replacing, name)
			} else {
				c.InPlace = append(c.InPlace, name)
			}
			if input.computed {
				c.Chosen = append(c.Chosen, name)
			}
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Coverage) int { return strings.Compare(a.Title+a.Token, b.Title+b.Token) })
	return all
}

// MinimalWait returns the shortest time that the real provider was seen to take to create a resource of a type, or 0.
func MinimalWait(token string) time.Duration {
	if rt := resourceTypes[token]; rt != nil {
		return rt.wait
	}
	return 0
}
