package k8splugin_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apicorev1 "k8s.io/api/core/v1"
	apimetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/charts"
	"github.com/growbin/cluster/rehearsal/cluster/clustertest"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/tools"
)

// lab is the real engine with the real plugin and a real control plane.
type lab struct {
	server *clustertest.Server
	plugin *k8splugin.Plugin
	engine *engine.Engine
	// settings is the name of the program's ConfigMap.
	settings string
}

// chartFiles are those of a chart with an object, and a definition that outlives the release.
var chartFiles = map[string]string{
	"web/Chart.yaml":                "apiVersion: v2\nname: web\nversion: 1.2.3\n",
	"web/templates/settings.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-the-chart}\ndata: {a: {{ .Values.a | quote }}}\n",
	"web/templates/definition.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: pages.example.com\n  annotations: {helm.sh/resource-policy: keep}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Page, plural: pages, singular: page, listKind: PageList}\n  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n",
}

func chartFolder(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	files := tar.NewWriter(zip)
	for name, content := range chartFiles {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := files.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, zip.Close())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web-1.2.3.tgz"), out.Bytes(), 0o600))
	return dir
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{server: clustertest.Start(t, "../tools"), settings: "ours"}
	builder, err := tools.New("../tools", os.Stderr)
	require.NoError(t, err)
	programs, err := builder.Build(t.Context(), tools.Pulumi(), tools.PulumiKubernetes())
	require.NoError(t, err)
	dir := t.TempDir()
	source, err := charts.Open(t.Context(), chartFolder(t), filepath.Join(dir, "charts.pem"))
	require.NoError(t, err)
	t.Cleanup(source.Close)
	environment := append(engine.PluginEnvironment(), "KUBECONFIG="+os.DevNull,
		"HELM_CACHE_HOME="+filepath.Join(dir, "helm"), "HELM_CONFIG_HOME="+filepath.Join(dir, "helm"), "HELM_DATA_HOME="+filepath.Join(dir, "helm"))
	l.plugin = k8splugin.NewPlugin(k8splugin.Options{
		Program: programs[tools.PulumiKubernetes().Name], Environment: append(environment, source.Environment()...),
		Log: filepath.Join(dir, "plugin.log"), Patience: time.Minute, Charts: source,
	})
	server, err := l.plugin.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	for name, text := range map[string]string{"Pulumi.yaml": "name: sample\nruntime: go\nmain: infra\n", "Pulumi.dev.yaml": "config: {}\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	l.engine, err = engine.Open(t.Context(), engine.Options{
		Project: dir, Stack: "dev", Pulumi: programs[tools.Pulumi().Name], State: t.TempDir(), Program: l.program,
		Providers: map[string]int{"kubernetes": server.Port}, Color: "never",
	})
	require.NoError(t, err)
	return l
}

// program has a ConfigMap, a release whose chart is in the folder, and one whose chart is not.
func (l *lab) program(ctx *pulumi.Context) error {
	provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String(l.server.Kubeconfig)})
	if err != nil {
		return err
	}
	if _, err := corev1.NewConfigMap(ctx, "settings", &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(l.settings), Namespace: pulumi.String("default")},
		Data:     pulumi.StringMap{"secret": pulumi.ToSecret(pulumi.String("hunter2")).(pulumi.StringOutput)},
	}, pulumi.Provider(provider)); err != nil {
		return err
	}
	for _, name := range []string{"web", "absent"} {
		if _, err := helmv3.NewRelease(ctx, name, &helmv3.ReleaseArgs{
			Name: pulumi.String(name), Namespace: pulumi.String("sites"), CreateNamespace: pulumi.Bool(true),
			Chart: pulumi.String(name), Version: pulumi.String("1.2.3"), Values: pulumi.Map{"a": pulumi.String("b")},
			RepositoryOpts: &helmv3.RepositoryOptsArgs{Repo: pulumi.String("https://charts.example.com/" + name)},
		}, pulumi.Provider(provider), pulumi.RetainOnDelete(true)); err != nil {
			return err
		}
	}
	return nil
}

func TestPlugin_Lifecycle(t *testing.T) {
	ctx, l := context.Background(), newLab(t)
	_, err := l.engine.Preview(ctx, "preview", engine.RunOptions{})
	require.NoError(t, err)
	_, err = l.engine.Up(ctx, "up", engine.RunOptions{})
	require.NoError(t, err)
	config, err := l.server.Client.CoreV1().ConfigMaps("sites").Get(ctx, "from-the-chart", apimetav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "b"}, config.Data)
	left := l.plugin.NotInstalled()
	require.Len(t, left, 1)
	assert.Equal(t, "absent", left[0].Name)

	again, err := l.engine.Up(ctx, "again", engine.RunOptions{Refresh: true})
	require.NoError(t, err)
	assert.Zero(t, again.Changed(), "%v", again.Changes)

	objects, err := l.engine.KubernetesObjects(ctx)
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, map[string]any{"secret": "hunter2"}, objects[0]["data"], "as the program wrote it")
	refused, err := apiobjects.Strict(ctx, l.server.Config, objects)
	require.NoError(t, err)
	assert.Empty(t, refused)

	_, err = l.engine.Destroy(ctx, "destroy")
	require.NoError(t, err)
	managed, err := apiobjects.Managed(ctx, l.server.Config)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"ConfigMap sites/from-the-chart", "CustomResourceDefinition pages.example.com", "Namespace sites", "Secret sites/sh.helm.release.v1.web.v1",
	}, managed, "Pulumi retains the releases, and the chart its definitions")
}

// TestPlugin_ObjectExists holds the plugin that can be built here to the release that the program pins.
func TestPlugin_ObjectExists(t *testing.T) {
	ctx, l := context.Background(), newLab(t)
	l.settings = "theirs"
	_, err := l.server.Client.CoreV1().ConfigMaps("default").Create(ctx, &apicorev1.ConfigMap{
		ObjectMeta: apimetav1.ObjectMeta{Name: "theirs"}, Data: map[string]string{"a": "b"},
	}, apimetav1.CreateOptions{})
	require.NoError(t, err)
	_, err = l.engine.Up(ctx, "up", engine.RunOptions{})
	assert.ErrorContains(t, err, "ConfigMap default/theirs already exists")
	kept, err := l.server.Client.CoreV1().ConfigMaps("default").Get(ctx, "theirs", apimetav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "b"}, kept.Data)
}
