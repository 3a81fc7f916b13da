package redis

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// databases is Redis's default number of databases.
const databases = 16

var (
	// Names of users are part of ACL files, Kubernetes names and URLs.
	validName = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
	// A pattern ends at the first space of an ACL file, and "%" begins another kind of pattern.
	validPattern = regexp.MustCompile(`^[A-Za-z0-9_:.{}/*-]+$`)
	validCommand = regexp.MustCompile(`^[+-]@?[a-z]+(\|[a-z-]+)?$`)

	reservedNames = []string{"default", exporterUser}
)

// Validate returns all problems of the arguments, joined.
func (a ServersArgs) Validate() error {
	a = a.withDefaults()
	var problems validation.Problems
	problems.Include("Placement", a.Placement.Validate())
	problems.Include("Cache", a.Cache.Validate())
	problems.Include("Durable", a.Durable.Validate())
	problems.Include("Exporter", a.Exporter.Validate())
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the servers")
	}
	pod.ValidateImage(&problems, "Image", a.Image)
	pod.ValidateImage(&problems, "ExporterImage", a.ExporterImage)
	a.validateUses(&problems)
	if len(a.of(Kept)) > 0 {
		problems.Include("Storage", a.Storage.Validate())
		a.validateVolume(&problems)
	}
	return problems.Err()
}

// validateVolume requires space for the worst case of the append-only file: a base of the whole memory, increments of the
// same size, and both once more during a rewrite.
func (a ServersArgs) validateVolume(problems *validation.Problems) {
	memory := ConfigFor(Kept, a.Durable.Limits.MemoryMiB).MaxMemoryMiB
	if need := 4 * memory; a.Storage.SizeGiB*1024 < need {
		problems.Add("Storage.SizeGiB", a.Storage.SizeGiB, "must be at least %d: the append-only file of %d MiB of keys can grow to %d MiB",
			(need+1023)/1024, memory, need)
	}
}

func (a ServersArgs) validateUses(problems *validation.Problems) {
	if len(a.Uses) == 0 {
		problems.NotSet("Uses", "must be at least one")
	}
	for i, u := range a.Uses {
		problems.Include(fmt.Sprintf("Uses[%d]", i), u.validate(a.Uses[:i]))
	}
}

// validate returns all problems of a use, given the uses before it.
func (u Use) validate(others []Use) error {
	var problems validation.Problems
	switch {
	case !validName.MatchString(u.Name):
		problems.Add("Name", u.Name, "must be lower-case letters, digits and -, beginning with a letter")
	case slices.Contains(reservedNames, u.Name):
		problems.Add("Name", u.Name, "must not be one of %s", strings.Join(reservedNames, ", "))
	}
	if u.Kind != Evictable && u.Kind != Kept {
		problems.Add("Kind", string(u.Kind), "must be %s or %s", Evictable, Kept)
	}
	if u.Database < 0 || u.Database >= databases {
		problems.Add("Database", u.Database, "must be 0 to %d", databases-1)
	}
	if len(u.Keys) == 0 {
		problems.NotSet("Keys", "must be patterns of the keys that %q may use, e.g. %s:*", u.Name, u.Name)
	}
	validatePatterns(&problems, "Keys", u.Keys)
	validatePatterns(&problems, "Channels", u.Channels)
	for _, command := range u.Commands {
		if !validCommand.MatchString(command) {
			problems.Add("Commands", command, "must be an ACL rule, e.g. +scan or -@write")
		}
	}
	for j, other := range others {
		if other.Name == u.Name {
			problems.Add("Name", u.Name, "must be unique")
		}
		if other.Kind == u.Kind {
			for _, shared := range sharedKeys(other.Keys, u.Keys) {
				problems.Add("Keys", shared, "must not match keys of Uses[%d]: %q could read the data of %q", j, u.Name, other.Name)
			}
		}
	}
	return problems.Err()
}

func validatePatterns(problems *validation.Problems, field string, patterns []string) {
	for _, pattern := range patterns {
		if !validPattern.MatchString(pattern) {
			problems.Add(field, pattern, "must be letters, digits, _ : . { } / - and *")
		}
	}
}

// sharedKeys returns the pairs of patterns whose fixed prefixes allow a key that matches both. It may return pairs that
// differ further on: uses should differ in the prefixes of their keys.
func sharedKeys(a, b []string) []string {
	var shared []string
	for _, x := range a {
		for _, y := range b {
			px, _, openX := strings.Cut(x, "*")
			py, _, openY := strings.Cut(y, "*")
			if px == py || openX && strings.HasPrefix(py, px) || openY && strings.HasPrefix(px, py) {
				shared = append(shared, x+" and "+y)
			}
		}
	}
	return shared
}
