package apiobjects_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/cluster/clustertest"
)

func TestStrict(t *testing.T) {
	server := clustertest.Start(t, "../tools")
	object := func(text string) map[string]any {
		parsed := map[string]any{}
		require.NoError(t, yaml.Unmarshal([]byte(text), &parsed))
		return parsed
	}
	refused, err := apiobjects.Strict(t.Context(), server.Config, []map[string]any{
		object("{apiVersion: v1, kind: ConfigMap, metadata: {name: good}, data: {a: b}}"),
		object("{apiVersion: v1, kind: Secret, metadata: {name: good, namespace: kube-system}, stringData: {a: b}}"),
		object("{apiVersion: v1, kind: Namespace, metadata: {name: good}}"),
		object("{apiVersion: v1, kind: Service, metadata: {name: misspelled, namespace: kube-system}, spec: {port: [{port: 80}], ports: [{port: 80}]}}"),
		object("{apiVersion: v1, kind: ConfigMap, metadata: {name: typed}, data: {a: [b]}}"),
		object("{apiVersion: example.com/v1, kind: Unheard, metadata: {name: of}}"),
	})
	require.NoError(t, err)
	require.Len(t, refused, 3, "%q", refused)
	assert.Contains(t, refused[0], "Service kube-system/misspelled")
	assert.Contains(t, refused[0], ".spec.port:")
	assert.Contains(t, refused[1], "ConfigMap typed")
	assert.Contains(t, refused[2], "Unheard of")
	_, err = server.Client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(t.Context(), "good", metav1.GetOptions{})
	assert.Error(t, err, "a dry run writes nothing")
}
