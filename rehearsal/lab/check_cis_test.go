package lab

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/cis"
	"github.com/growbin/cluster/rehearsal/tools"
)

// The table has each control of the pinned kube-bench, in its words.
func TestControls_AreKubeBenchs(t *testing.T) {
	builder, err := tools.New("../tools", os.Stderr)
	require.NoError(t, err)
	source, err := builder.KubeBenchControls(t.Context())
	require.NoError(t, err)
	var want []cis.Control
	kind := regexp.MustCompile(`\s+\((Manual|Automated)\)$`)
	for _, name := range []string{"master", "etcd", "controlplane", "node", "policies"} {
		text, err := os.ReadFile(filepath.Join(source, tools.KubeBenchmark, name+".yaml"))
		require.NoError(t, err)
		var file struct {
			Groups []struct {
				Checks []struct {
					ID   string `json:"id"`
					Text string `json:"text"`
				} `json:"checks"`
			} `json:"groups"`
		}
		require.NoError(t, yaml.Unmarshal(text, &file))
		for _, group := range file.Groups {
			for _, check := range group.Checks {
				want = append(want, cis.Control{ID: check.ID, Title: kind.ReplaceAllString(check.Text, "")})
			}
		}
	}
	got, err := cis.Controls()
	require.NoError(t, err)
	for i := range got {
		got[i].Reason = ""
	}
	assert.Equal(t, want, got)
}

func TestReadAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results")
	require.NoError(t, os.WriteFile(path, []byte(`{"Controls":[{"id":"4","tests":[{"section":"4.1","results":[
{"test_number":"4.1.1","test_desc":"modes","status":"FAIL","actual_value":"permissions=644","scored":true}]}]}],"Totals":{"total_fail":1}}`), 0o600))
	results, err := readAudit(path, "k8s-redis")
	require.NoError(t, err)
	assert.Equal(t, []cis.Result{{ID: "4.1.1", Status: "FAIL", Actual: "permissions=644", Node: "k8s-redis"}}, results)
}
