package userdata

import (
	"reflect"
	"strings"
)

// SameNode tells whether two user data make the same node. The images that a machine fetches ahead do not count: they
// change with every release of what runs there, and a node that has not fetched them ahead is no other node.
// What cannot be read is the same only as itself.
func SameNode(one, other string) bool {
	if one == other {
		return true
	}
	a, err := Decode(one)
	if err != nil {
		return false
	}
	b, err := Decode(other)
	if err != nil {
		return false
	}
	a.forgetImages()
	b.forgetImages()
	return reflect.DeepEqual(a, b)
}

func (d *Document) forgetImages() {
	for i, file := range d.Files {
		if file.Path != EnvironmentPath {
			continue
		}
		lines := strings.Split(file.Content, "\n")
		for j, line := range lines {
			if strings.HasPrefix(line, EnvImages+"=") {
				lines[j] = ""
			}
		}
		d.Files[i].Content = strings.Join(lines, "\n")
	}
}
