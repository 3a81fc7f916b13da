package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTunnel_OptionsFromTheStack(t *testing.T) {
	o := tunnelOptions{stackOptions: &stackOptions{dir: "../..", stack: "prod"}}
	options, err := o.tunnel()
	require.NoError(t, err)
	assert.Equal(t, "ap-northeast-2", options.Region)
	assert.Equal(t, "growbin-prod", options.Cluster)
	assert.Equal(t, "k8s-master", options.Node)
	assert.Equal(t, 16444, options.Port)

	o.region, o.port = "eu-central-1", 26443
	options, err = o.tunnel()
	require.NoError(t, err)
	assert.Equal(t, "eu-central-1", options.Region, "flags override settings")
	assert.Equal(t, 26443, options.Port)
}

func TestTunnel_InvalidFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"tunnel"}, "--stack: not set"},
		{[]string{"tunnel", "-C", "../..", "-s", "dev", "--port", "70000"}, "--port: 70000 must be a port"},
		{[]string{"tunnel", "-C", "../..", "-s", "dve"}, `there is no stack "dve"`},
		{[]string{"tunnel", "dev"}, `"dev"`},
	} {
		_, err := execute(t, test.args...)
		assert.ErrorContains(t, err, test.want)
	}
}

func TestTunnel_ProgramMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := execute(t, "tunnel", "-C", "../..", "-s", "dev")
	assert.ErrorContains(t, err, "not installed")
}
