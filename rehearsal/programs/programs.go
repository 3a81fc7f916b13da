// Package programs lists the Pulumi programs that can be rehearsed.
package programs

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/rehearsal"
)

// All returns the programs; the first one is the default.
func All() []rehearsal.Program {
	return []rehearsal.Program{Growbin(), ThreeNodes()}
}

// Find returns the program of a name, or the default one if the name is empty.
func Find(name string) (rehearsal.Program, error) {
	all := All()
	if name == "" {
		return all[0], nil
	}
	var names []string
	for _, program := range all {
		if program.Name == strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/") {
			return program, nil
		}
		names = append(names, program.Name)
	}
	return rehearsal.Program{}, fmt.Errorf("PROGRAM is %q: must be one of %s", name, strings.Join(names, ", "))
}
