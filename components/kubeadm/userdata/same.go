package userdata

import (
	"reflect"
	"strings"
)

// SameNode reports whether two user data make the same node. Images to pull at boot are ignored: they change with every
// release of an application, and pulling them ahead is an optimization. User data that cannot be decoded equals only itself.
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
