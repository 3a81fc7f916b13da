package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/chart"
)

func TestCharts_NamesWhatItDid(t *testing.T) {
	dir := t.TempDir()
	web := chart.Chart{Name: "web", Version: "1.2.3", Repository: "http://127.0.0.1:1"}
	var out bytes.Buffer
	assert.ErrorContains(t, runCharts(t.Context(), dir, []chart.Chart{web}, &out), "chart web 1.2.3: download")
	assert.Empty(t, out.String())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "charts", web.File()), []byte("archive"), 0o600))
	require.NoError(t, runCharts(t.Context(), dir, []chart.Chart{web}, &out))
	assert.Contains(t, out.String(), "recorded web-1.2.3.tgz, SHA-256 ")
}
