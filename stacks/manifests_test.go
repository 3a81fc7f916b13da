package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestManifests_ImageOfEachApplicationAndNothingElse(t *testing.T) {
	settings, err := ReadSettings("..", "prod", map[string]string{ConfigPrefix + "imageTag": "1.4.2"})
	require.NoError(t, err)
	files, err := settings.Manifests()
	require.NoError(t, err)
	require.Len(t, files, len(settings.Applications()))
	assert.Equal(t, "waste-api.yaml", files[0].Name)
	for i, a := range settings.Applications() {
		var object map[string]any
		require.NoError(t, yaml.UnmarshalStrict(files[i].Text, &object))
		assert.Equal(t, map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": a.Name, "namespace": "growbin"},
			"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{"name": a.Name, "image": "ghcr.io/growbin/" + a.Name + ":1.4.2"}},
			}}},
		}, object)
	}
}
