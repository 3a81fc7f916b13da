package redis

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// databases is Redis' own default number of databases.
const databases = 16

var (
	// Names of users are part of ACL files, Kubernetes names and URLs.
	validName = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
	// A pattern ends at the first space of an ACL file, and "%" begins another kind of pattern.
	validPattern = regexp.MustCompile(`^[A-Za-z0-9_:.{}/*-]+$`)
	validCommand = regexp.MustCompile(`^[+-]@?[a-z]+(\|[a-z-]+)?$`)

	reservedNames = []string{"default", exporterUser}
)

// Validate returns every problem of the arguments, joined.
func (a ServersArgs) Validate() error {
	a = a.withDefaults()
	problems := []error{
		a.Placement.Validate(), a.Cache.Validate("Cache"), a.Durable.Validate("Durable"), a.Exporter.Validate("Exporter"), a.validateUses(),
	}
	if a.Namespace == nil {
		problems = append(problems, errors.New("Namespace is missing; give the namespace the servers run in"))
	}
	if a.Image == "" {
		problems = append(problems, errors.New("Image is empty; give an image such as redis:7.2.16"))
	}
	if a.ExporterImage == "" {
		problems = append(problems, errors.New("ExporterImage is empty; give an oliver006/redis_exporter image"))
	}
	if len(a.of(Kept)) > 0 {
		problems = append(problems, a.Storage.Validate(), a.validateVolume())
	}
	return errors.Join(problems...)
}

// validateVolume asks for the append-only file on its worst day: a base of the whole memory, as much again
// in increments, and the same while it is rewritten.
func (a ServersArgs) validateVolume() error {
	memory := ConfigFor(Kept, a.Durable.Limits.MemoryMiB).MaxMemoryMiB
	if need := 4 * memory; a.Storage.SizeGiB*1024 < need {
		return fmt.Errorf("Storage.SizeGiB is %d; the append-only file of %d MiB of keys can grow to %d MiB: give at least %d GiB",
			a.Storage.SizeGiB, memory, need, (need+1023)/1024)
	}
	return nil
}

func (a ServersArgs) validateUses() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(a.Uses) == 0 {
		report("Uses is empty; give at least one")
	}
	for i, u := range a.Uses {
		field := fmt.Sprintf("Uses[%d]", i)
		switch {
		case !validName.MatchString(u.Name):
			report("%s.Name is %q; give lower-case letters, digits and -, beginning with a letter", field, u.Name)
		case slices.Contains(reservedNames, u.Name):
			report("%s.Name is %q; that user is made already", field, u.Name)
		}
		if u.Kind != Evictable && u.Kind != Kept {
			report("%s.Kind is %q; give %s or %s", field, u.Kind, Evictable, Kept)
		}
		if u.Database < 0 || u.Database >= databases {
			report("%s.Database is %d; give 0 to %d", field, u.Database, databases-1)
		}
		if len(u.Keys) == 0 {
			report("%s.Keys is empty; give the keys that %q may use, such as %q", field, u.Name, u.Name+":*")
		}
		for _, pattern := range append(slices.Clone(u.Keys), u.Channels...) {
			if !validPattern.MatchString(pattern) {
				report("%s has the pattern %q; give letters, digits, _ : . { } / - and *", field, pattern)
			}
		}
		for _, command := range u.Commands {
			if !validCommand.MatchString(command) {
				report(`%s.Commands has %q; give rules such as "+scan" or "-@write"`, field, command)
			}
		}
		for j, other := range a.Uses[:i] {
			if other.Name == u.Name {
				report("%s.Name is %q, as is Uses[%d].Name; give each its own", field, u.Name, j)
			}
			if other.Kind == u.Kind {
				for _, shared := range sharedKeys(other.Keys, u.Keys) {
					report("%s.Keys and Uses[%d].Keys share keys (%s); %q could read what %q keeps", field, j, shared, u.Name, other.Name)
				}
			}
		}
	}
	return errors.Join(problems...)
}

// sharedKeys names the pairs of patterns whose fixed beginnings let one key match both. That may name a pair
// that differs further on; two uses are better told apart by how their keys begin.
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
