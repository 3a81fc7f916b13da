package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository serves one version of each chart; the content of its archives can change.
type repository struct {
	*httptest.Server
	content map[string]string
	// stated overrides the digest in the index.
	stated   string
	requests int
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{content: map[string]string{"web-1.2.3.tgz": "archive of web"}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.requests++
		name := filepath.Base(request.URL.Path)
		if name == "index.yaml" {
			digest := r.stated
			if digest == "" {
				digest = sum(r.content["web-1.2.3.tgz"])
			}
			fmt.Fprintf(w, "entries:\n  web:\n  - {version: 9.9.9, urls: [other.tgz]}\n  - {version: v1.2.3, urls: [archives/web-1.2.3.tgz], digest: %s}\n", digest)
			return
		}
		content, ok := r.content[name]
		if !ok || request.URL.Path != "/charts/archives/"+name {
			http.NotFound(w, request)
			return
		}
		fmt.Fprint(w, content)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *repository) chart() Chart {
	return Chart{Name: "web", Version: "1.2.3", Repository: r.URL + "/charts"}
}

func sum(content string) string {
	digest := sha256.Sum256([]byte(content))
	return hex.EncodeToString(digest[:])
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(text)
}

func TestFetch_KeepsAndRemoves(t *testing.T) {
	r, folder := newRepository(t), filepath.Join(t.TempDir(), "charts")
	var lines []string
	report := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	require.NoError(t, Fetch(t.Context(), folder, []Chart{r.chart()}, report))
	assert.Equal(t, "archive of web", read(t, folder, "web-1.2.3.tgz"))
	line := "web-1.2.3.tgz " + sum("archive of web") + "\n"
	assert.Equal(t, line, read(t, folder, SumsFile))
	require.NoError(t, Check(folder, []Chart{r.chart()}))

	before := r.requests
	require.NoError(t, Fetch(t.Context(), folder, []Chart{r.chart()}, report))
	assert.Equal(t, before, r.requests, "the archive is there")
	assert.Equal(t, []string{"fetched web-1.2.3.tgz, SHA-256 " + sum("archive of web"), "kept web-1.2.3.tgz, SHA-256 " + sum("archive of web")}, lines)

	require.NoError(t, os.WriteFile(filepath.Join(folder, SumsFile), []byte(line+"web-1.2.2.tgz "+sum("old")+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "web-1.2.2.tgz"), []byte("old"), 0o600))
	require.NoError(t, Fetch(t.Context(), folder, []Chart{r.chart()}, report))
	assert.NoFileExists(t, filepath.Join(folder, "web-1.2.2.tgz"))
	assert.Equal(t, line, read(t, folder, SumsFile))
}

func TestFetch_ArchiveByHand(t *testing.T) {
	folder := t.TempDir()
	c := Chart{Name: "web", Version: "1.2.3", Repository: "http://127.0.0.1:1"}
	require.NoError(t, os.WriteFile(filepath.Join(folder, c.File()), []byte("reviewed"), 0o600))
	require.NoError(t, Fetch(t.Context(), folder, []Chart{c}, t.Logf), "without a network")
	require.NoError(t, Check(folder, []Chart{c}))
	require.NoError(t, os.WriteFile(filepath.Join(folder, c.File()), []byte("changed"), 0o600))
	assert.ErrorContains(t, Fetch(t.Context(), folder, []Chart{c}, t.Logf), "must be "+sum("reviewed"))
}

func TestFetch_DigestDiffers(t *testing.T) {
	r, folder := newRepository(t), t.TempDir()
	fetch := func() error { return Fetch(t.Context(), folder, []Chart{r.chart()}, t.Logf) }
	r.stated = sum("another archive")
	require.ErrorContains(t, fetch(), "must be "+r.stated+", as in the repository's index")
	assert.NoFileExists(t, filepath.Join(folder, "web-1.2.3.tgz"))

	r.stated = ""
	require.NoError(t, fetch())
	require.NoError(t, os.Remove(filepath.Join(folder, "web-1.2.3.tgz")))
	r.content["web-1.2.3.tgz"] = "released again"
	require.ErrorContains(t, fetch(), "must be "+sum("archive of web")+", as in charts.sum")
	assert.NoFileExists(t, filepath.Join(folder, "web-1.2.3.tgz"))
	assert.Contains(t, read(t, folder, SumsFile), sum("archive of web"), "the digest stays")
}

func TestFetch_NamesEveryProblem(t *testing.T) {
	r, folder := newRepository(t), t.TempDir()
	err := Fetch(t.Context(), folder, []Chart{
		{Name: "web", Version: "1.2.9", Repository: r.URL + "/charts"}, {Name: "absent", Version: "1.0.0", Repository: r.URL + "/charts"}, r.chart(),
	}, t.Logf)
	assert.ErrorContains(t, err, "chart web 1.2.9: "+r.URL+"/charts has no such version")
	assert.ErrorContains(t, err, "chart absent 1.0.0: ")
	assert.FileExists(t, filepath.Join(folder, "web-1.2.3.tgz"))
}

func TestCheck_ArchiveChanged(t *testing.T) {
	folder := t.TempDir()
	charts := []Chart{{Name: "web", Version: "1.2.3"}, {Name: "new", Version: "1.0.0"}}
	require.NoError(t, Check(folder, charts))
	require.NoError(t, Check(filepath.Join(folder, "none"), charts))
	for _, c := range charts {
		require.NoError(t, os.WriteFile(filepath.Join(folder, c.File()), []byte("changed"), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, SumsFile), []byte("web-1.2.3.tgz "+sum("reviewed")+"\n"), 0o600))
	err := Check(folder, charts)
	assert.ErrorContains(t, err, "web-1.2.3.tgz: SHA-256 "+sum("changed")+" must be "+sum("reviewed"))
	assert.ErrorContains(t, err, "new-1.0.0.tgz: has no line in charts.sum")
	require.NoError(t, os.WriteFile(filepath.Join(folder, SumsFile), []byte("web-1.2.3.tgz\n"), 0o600))
	assert.ErrorContains(t, Check(folder, charts), "line 1")
}
