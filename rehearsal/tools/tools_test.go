package tools

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files writes a folder of files.
func files(t *testing.T, dir string, content map[string]string) {
	t.Helper()
	for name, text := range content {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// fakeTools is a tools folder with a module that pins a program as the real ones do; the program prints its version.
func fakeTools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files(t, dir, map[string]string{
		"fake/go.mod":                `module tools/fake` + "\n\ngo 1.25\n\ntool example.com/hello/cmd/hello\n\nrequire example.com/hello v1.2.3\n\nreplace example.com/hello => ./hello\n",
		"fake/hello/go.mod":          "module example.com/hello\n\ngo 1.25\n",
		"fake/hello/version/v.go":    "package version\n\nvar Version = \"unknown\"\n",
		"fake/hello/cmd/hello/m.go":  "package main\n\nimport \"example.com/hello/version\"\n\nfunc main() { println(version.Version) }\n",
		"kubernetes/v1.36/go.mod":    "module tools/kubernetes\n\ngo 1.25\n\nrequire k8s.io/kubernetes v1.36.3\n",
		"kubernetes/v1.37/go.mod":    "module tools/kubernetes\n\ngo 1.25\n\nrequire k8s.io/kubernetes v1.37.2\n",
		"kubernetes/notes/README.md": "not a version",
	})
	return dir
}

func hello() Tool {
	return Tool{Name: "hello", Module: "fake", Package: "example.com/hello/cmd/hello", stamp: func(version string) []string {
		return []string{"example.com/hello/version.Version=" + version}
	}}
}

func newBuilder(t *testing.T, tools, cache string) (*Builder, *bytes.Buffer) {
	t.Helper()
	out := &bytes.Buffer{}
	b, err := NewWithCache(tools, cache, out)
	require.NoError(t, err)
	return b, out
}

func TestBuild_VersionStamped(t *testing.T) {
	b, out := newBuilder(t, fakeTools(t), t.TempDir())
	binaries, err := b.Build(t.Context(), hello())
	require.NoError(t, err)
	printed, err := exec.Command(binaries["hello"]).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "v1.2.3\n", string(printed))
	assert.Contains(t, out.String(), "hello 1.2.3  ")
}

func TestBuild_EmbedsFilesOfTheModule(t *testing.T) {
	folder := fakeTools(t)
	files(t, folder, map[string]string{
		"fake/hello/assets/text.txt": "from the module",
		"fake/main.go":               "package main\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar text string\n\nfunc main() { println(text) }\n",
	})
	b, _ := newBuilder(t, folder, t.TempDir())
	tool := Tool{Name: "embedding", Module: "fake", Package: "tools/fake", pins: "example.com/hello", embeds: map[string]string{"text.txt": "assets/text.txt"}}
	binaries, err := b.Build(t.Context(), tool)
	require.NoError(t, err)
	printed, err := exec.Command(binaries["embedding"]).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "from the module\n", string(printed))
	assert.NoFileExists(t, filepath.Join(folder, "fake/text.txt"))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(binaries["embedding"]), "*overlay*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestBuild_EditsFilesOfTheModule(t *testing.T) {
	folder := fakeTools(t)
	b, _ := newBuilder(t, folder, t.TempDir())
	tool := hello()
	tool.edits = map[string][2]string{"cmd/hello/m.go": {"println(version.Version)", `println("edited " + version.Version)`}}
	binaries, err := b.Build(t.Context(), tool)
	require.NoError(t, err)
	printed, err := exec.Command(binaries["hello"]).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "edited v1.2.3\n", string(printed))
	source, err := os.ReadFile(filepath.Join(folder, "fake/hello/cmd/hello/m.go"))
	require.NoError(t, err)
	assert.NotContains(t, string(source), "edited")
	unedited, err := b.Build(t.Context(), hello())
	require.NoError(t, err)
	assert.NotEqual(t, binaries["hello"], unedited["hello"], "another program")

	tool.edits = map[string][2]string{"cmd/hello/m.go": {"no such text", ""}}
	_, err = b.Build(t.Context(), tool)
	require.ErrorContains(t, err, "it has no such text 0 times")
	left, err := filepath.Glob(filepath.Join(b.cache, "*", "*.edited"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestBuild_SecondTime(t *testing.T) {
	tools, cache := fakeTools(t), t.TempDir()
	b, _ := newBuilder(t, tools, cache)
	first, err := b.Build(t.Context(), hello())
	require.NoError(t, err)
	before, err := os.Stat(first["hello"])
	require.NoError(t, err)

	clone, out := newBuilder(t, tools, cache)
	second, err := clone.Build(t.Context(), hello())
	require.NoError(t, err)
	assert.Equal(t, first, second)
	after, err := os.Stat(second["hello"])
	require.NoError(t, err)
	assert.Equal(t, before.ModTime(), after.ModTime())
	assert.Empty(t, out.String(), "there is nothing to tell about a tool that is there")
}

func TestBuild_SharedCache(t *testing.T) {
	cache := t.TempDir()
	b, _ := newBuilder(t, fakeTools(t), cache)
	first, err := b.Build(t.Context(), hello())
	require.NoError(t, err)
	clone, _ := newBuilder(t, fakeTools(t), cache) // the same content in another place
	second, err := clone.Build(t.Context(), hello())
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestBuild_AnotherVersion(t *testing.T) {
	tools, cache := fakeTools(t), t.TempDir()
	b, _ := newBuilder(t, tools, cache)
	first, err := b.Build(t.Context(), hello())
	require.NoError(t, err)
	path := filepath.Join(tools, "fake/go.mod")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, change := range []string{"v1.2.4", "v1.2.3 // with another dependency"} {
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(content, []byte("v1.2.3"), []byte(change)), 0o644))
		second, err := b.Build(t.Context(), hello())
		require.NoError(t, err)
		assert.NotEqual(t, first["hello"], second["hello"], change)
	}
	assert.FileExists(t, first["hello"], "the earlier version stays for those who use it")
}

func TestBuild_Concurrent(t *testing.T) {
	tools, cache := fakeTools(t), t.TempDir()
	var group sync.WaitGroup
	outputs := make([]*bytes.Buffer, 4)
	for i := range outputs {
		b, out := newBuilder(t, tools, cache)
		outputs[i] = out
		group.Go(func() {
			_, err := b.Build(t.Context(), hello())
			assert.NoError(t, err)
		})
	}
	group.Wait()
	builders := 0
	for _, out := range outputs {
		if strings.Contains(out.String(), "linking hello") || strings.Contains(out.String(), "building hello") {
			builders++
		}
	}
	assert.Equal(t, 1, builders)
	left, err := filepath.Glob(filepath.Join(cache, "*", "hello*"))
	require.NoError(t, err)
	assert.Len(t, left, 1, "unfinished programs were left: %v", left)
}

func TestBuild_CompilerError(t *testing.T) {
	tools := fakeTools(t)
	files(t, tools, map[string]string{"fake/hello/cmd/hello/m.go": "package main\n\nfunc main() { undefinedThing() }\n"})
	cache := t.TempDir()
	b, _ := newBuilder(t, tools, cache)
	_, err := b.Build(t.Context(), hello())
	require.ErrorContains(t, err, "building hello 1.2.3")
	assert.ErrorContains(t, err, "undefined: undefinedThing")
	left, err := filepath.Glob(filepath.Join(cache, "*", "hello*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestBuild_UnpinnedPackage(t *testing.T) {
	b, _ := newBuilder(t, fakeTools(t), t.TempDir())
	tool := hello()
	tool.Package = "example.com/other"
	_, err := b.Build(t.Context(), tool)
	assert.ErrorContains(t, err, "requires no module that holds example.com/other")
}

func TestNew_MissingFolder(t *testing.T) {
	_, err := NewWithCache("/does/not/exist", t.TempDir(), &bytes.Buffer{})
	assert.ErrorContains(t, err, "/does/not/exist")
}

func TestControlPlane_Versions(t *testing.T) {
	b, _ := newBuilder(t, fakeTools(t), t.TempDir())
	for version, module := range map[string]string{"1.36": "kubernetes/v1.36", "1.36.3": "kubernetes/v1.36", "v1.37.2": "kubernetes/v1.37"} {
		tools, err := b.ControlPlane(version)
		require.NoError(t, err)
		var names []string
		for _, tool := range tools {
			names = append(names, tool.Name)
			if strings.HasPrefix(tool.Name, "kube") {
				assert.Equal(t, module, tool.Module)
			}
		}
		assert.ElementsMatch(t, []string{"etcd", "etcdctl", "etcdutl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm", "kwok"}, names)
	}
	_, err := b.ControlPlane("1.31.0")
	assert.ErrorContains(t, err, "cannot rehearse Kubernetes 1.31")
	assert.ErrorContains(t, err, "pins 1.36, 1.37")
	_, err = b.KubernetesTool("kubectl", "latest")
	assert.ErrorContains(t, err, `version "latest" of Kubernetes`)
}

// The modules beside this package must pin every tool.
func TestControlPlane_PinnedModules(t *testing.T) {
	b, _ := newBuilder(t, ".", t.TempDir())
	tools, err := b.ControlPlane("1.36")
	require.NoError(t, err)
	for _, tool := range append(tools, Pulumi()) {
		version, err := pinnedVersion(filepath.Join(b.tools, tool.Module), tool.Package)
		require.NoError(t, err)
		assert.Regexp(t, `^v\d+\.\d+\.\d+$`, version, tool.Name)
	}
}

func TestKubernetesStamp(t *testing.T) {
	const v = "k8s.io/component-base/version."
	assert.Equal(t, "-s -w -X "+v+"gitVersion=v1.36.3 -X "+v+"gitMajor=1 -X "+v+"gitMinor=36", kubernetesTool("kubeadm", "1.36").linkerFlags("v1.36.3"))
}

func TestProgress_Log(t *testing.T) {
	var out bytes.Buffer
	p := startProgress(&out, false, time.Hour)
	p.show("building a  1/9 packages")
	p.show("building a  2/9 packages") // too soon after the first
	p.end()
	assert.Equal(t, "building a  1/9 packages  0s\nbuilding a  2/9 packages  0s\n", out.String())
}

func TestProgress_Terminal(t *testing.T) {
	var out bytes.Buffer
	p := startProgress(&out, true, time.Hour)
	p.show("one")
	p.show("two")
	p.end()
	assert.Equal(t, "\r\033[Kone  0s\r\033[Ktwo  0s\n", out.String())
}

func TestProgress_Silent(t *testing.T) {
	var out bytes.Buffer
	startProgress(&out, true, time.Millisecond).end()
	assert.Empty(t, out.String())
}
