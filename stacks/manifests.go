package stacks

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/release"
)

// Manifest is a file for the repository that Argo CD reads.
type Manifest struct {
	Name string
	Text []byte
}

// Manifests returns a file for each application: a Deployment that states its image and nothing else. Argo CD applies it on the
// server, so the repository owns the image, and the catalog owns selectors, tolerations, Secrets, resources and all else.
func (s *Settings) Manifests() ([]Manifest, error) {
	var files []Manifest
	for _, a := range s.Applications() {
		text, err := yaml.Marshal(release.ImageOnly("apps/v1", "Deployment", namespaceApplications, a.Name, s.Image(a.Name)))
		if err != nil {
			return nil, fmt.Errorf("manifest of %s: %w", a.Name, err)
		}
		head := fmt.Sprintf("# The image of %s in stack %s. All else of the Deployment is the cluster program's: an entry here would fight with it.\n", a.Name, s.Stack)
		files = append(files, Manifest{a.Name + ".yaml", bytes.Join([][]byte{[]byte(head), text}, nil)})
	}
	return files, nil
}
