package cluster

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// splitDocuments decodes every document of a YAML text.
func splitDocuments(content []byte) ([]map[string]any, error) {
	var documents []map[string]any
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("splitting the kubeadm configuration: %w", err)
		}
		var document map[string]any
		if err := yaml.Unmarshal(raw, &document); err != nil {
			return nil, fmt.Errorf("reading the kubeadm configuration: %w", err)
		}
		if document != nil { // nothing but a comment between two separators
			documents = append(documents, document)
		}
	}
}

func joinDocuments(documents []map[string]any) ([]byte, error) {
	var out bytes.Buffer
	for _, document := range documents {
		content, err := yaml.Marshal(document)
		if err != nil {
			return nil, fmt.Errorf("writing the kubeadm configuration for this host: %w", err)
		}
		fmt.Fprintf(&out, "---\n%s", content)
	}
	return out.Bytes(), nil
}

// setField sets a field below the given path of a decoded document without touching the original's maps.
func setField(document map[string]any, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		child, _ := document[key].(map[string]any)
		child = maps.Clone(child)
		if child == nil {
			child = map[string]any{}
		}
		document[key] = child
		document = child
	}
	document[path[len(path)-1]] = value
}
