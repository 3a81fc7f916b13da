package stacks

import (
	"bytes"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
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
		text, err := yaml.Marshal(imageOnly(a.Name, s.Image(a.Name)))
		if err != nil {
			return nil, fmt.Errorf("manifest of %s: %w", a.Name, err)
		}
		head := fmt.Sprintf("# The image of %s in stack %s. All else of the Deployment is the cluster program's: an entry here would fight with it.\n", a.Name, s.Stack)
		files = append(files, Manifest{a.Name + ".yaml", bytes.Join([][]byte{[]byte(head), text}, nil)})
	}
	return files, nil
}

// imageOnly is a Deployment with the fields that name a container and its image. A typed object would state empty fields too.
func imageOnly(name, image string) map[string]any {
	return map[string]any{
		"apiVersion": appsv1.SchemeGroupVersion.String(), "kind": "Deployment",
		"metadata": map[string]any{"name": name, "namespace": namespaceApplications},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": name, "image": image}},
		}}},
	}
}
