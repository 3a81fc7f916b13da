package stackfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const projectText = `name: app
main: infra
config:
  app:text: {type: string, default: a b, description: A text.}
  app:number: {type: integer, default: 16443}
  app:flag: {default: false}
  app:list: {default: [v, w]}
  app:required: {type: string, secret: true}
  short: {default: x}
`

const stackText = `encryptionsalt: v1:salt
secretsprovider: passphrase
config:
  app:number: 2
  app:text: "007"
  app:object: {region: x, secure: "no: more than one key"}
  app:key: {secure: AAABA}
  app:nestedList: [plain, {secure: AAABB}]
  app:nestedMap: {password: {secure: AAABC}, user: u}
`

// project writes the two files into a folder of their own.
func project(t *testing.T, stack string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, ProjectFile, projectText)
	write(t, dir, FileName("dev"), stack)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func parse(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var content map[string]any
	require.NoError(t, yaml.Unmarshal(text, &content))
	return content
}

func TestReadProject_DeclaredSettings(t *testing.T) {
	p, err := ReadProject(project(t, stackText))
	require.NoError(t, err)
	assert.Equal(t, "app", p.Name)
	assert.Equal(t, "infra", p.Main)
	assert.Equal(t, "A text.", p.Config["app:text"].Description)
	assert.Equal(t, "string", p.Config["app:text"].Type)
	assert.True(t, p.Config["app:required"].Secret)
	defaults, err := p.Defaults()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"app:text": "a b", "app:number": "16443", "app:flag": "false", "app:list": `["v","w"]`, "app:short": "x",
	}, defaults)
}

func TestValues_StackOverridesDefaults(t *testing.T) {
	values, encrypted, err := Values(project(t, stackText), "dev")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"app:text": "007", "app:number": "2", "app:flag": "false", "app:list": `["v","w"]`, "app:short": "x",
		"app:object": `{"region":"x","secure":"no: more than one key"}`,
	}, values)
	assert.Equal(t, []string{"app:key", "app:nestedList", "app:nestedMap"}, encrypted)
}

func TestValues_EncryptedSettingHidesItsDefault(t *testing.T) {
	values, encrypted, err := Values(project(t, "config:\n  app:text: {secure: AAABA}\n"), "dev")
	require.NoError(t, err)
	assert.NotContains(t, values, "app:text")
	assert.Equal(t, []string{"app:text"}, encrypted)
}

func TestWithoutSecrets(t *testing.T) {
	s, err := ReadStack(project(t, stackText), "dev")
	require.NoError(t, err)
	text, err := s.WithoutSecrets()
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"config": map[string]any{
		"app:number": float64(2), "app:text": "007",
		"app:object": map[string]any{"region": "x", "secure": "no: more than one key"},
	}}, parse(t, text))
	assert.Len(t, s.Encrypted(), 3, "the receiver is unchanged")
}

func TestWithOverrides(t *testing.T) {
	s, err := ReadStack(project(t, stackText), "dev")
	require.NoError(t, err)
	text, err := s.WithOverrides(map[string]any{"app:list": []string{"a", "b"}, "app:number": []string(nil)})
	require.NoError(t, err)
	want := parse(t, []byte(stackText))
	settings := want["config"].(map[string]any)
	delete(settings, "app:number")
	settings["app:list"] = []any{"a", "b"}
	assert.Equal(t, want, parse(t, text), "encrypted settings and the rest of the file stay")
}

func TestWithOverrides_StackWithoutSettings(t *testing.T) {
	for _, empty := range []string{"", "config:\n", "encryptionsalt: v1:salt\n"} {
		s, err := ReadStack(project(t, empty), "dev")
		require.NoError(t, err)
		text, err := s.WithOverrides(map[string]any{"app:list": []string{"a"}})
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"app:list": []any{"a"}}, parse(t, text)["config"])
	}
}

func TestValues_MissingAndMalformedFiles(t *testing.T) {
	dir := t.TempDir()
	_, _, err := Values(dir, "dev")
	require.ErrorContains(t, err, ProjectFile)
	write(t, dir, ProjectFile, "config: {}\n")
	_, _, err = Values(dir, "dev")
	require.ErrorContains(t, err, `there is no stack "dev"`)
	require.ErrorContains(t, err, "Pulumi.dev.yaml")
	for _, malformed := range []string{"config: [", "config: [a]", "config: {noNamespace: 1}"} {
		write(t, dir, FileName("dev"), malformed)
		_, _, err = Values(dir, "dev")
		require.ErrorContains(t, err, "read "+filepath.Join(dir, "Pulumi.dev.yaml"), malformed)
	}
}
