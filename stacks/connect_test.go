package stacks

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func TestConnect_APIServerMustAnswer(t *testing.T) {
	for _, access := range []APIAccess{AccessDirect, AccessSessionManager} {
		settings := &Settings{APIAccess: access}
		server := httptest.NewTLSServer(nil)
		api := &apiServer{}
		require.NoError(t, api.connect(t.Context(), settings, server.URL), access)
		server.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		assert.ErrorContains(t, api.connect(ctx, settings, server.URL), server.URL+" must answer", access)
	}
}

// Without the programs that a tunnel needs, the update is refused before the account is even looked at.
func TestDeploy_NoWayToTheAPIServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(pulumi.EnvEngine, "127.0.0.1:1")
	cloud := awssim.New(awssim.Options{})
	defer cloud.Close()
	recorded := mocks.New(cloud)
	err := pulumi.RunErr(DeployFrom(kubeadm.Sources{}), pulumi.WithMocks("growbin", "dev", recorded), func(info *pulumi.RunInfo) {
		info.Config = map[string]string{}
		for key, value := range readConfig(t, "dev", map[string]string{"apiAccess": string(AccessSessionManager)}) {
			info.Config[ConfigPrefix+key] = value
		}
		for key := range testSecrets {
			info.ConfigSecretKeys = append(info.ConfigSecretKeys, ConfigPrefix+key)
		}
	})
	require.ErrorContains(t, err, `growbin:apiAccess: "sessionManager" must have a way to open its tunnel`)
	assert.Contains(t, err.Error(), "AWS CLI")
	assert.Empty(t, recorded.All())
}

// Two stacks are operated from one machine at the same time.
func TestStackFiles_TunnelPorts(t *testing.T) {
	ports := map[int]string{}
	for _, stack := range []string{"dev", "prod"} {
		settings, err := ReadSettings("..", stack, nil)
		require.NoError(t, err)
		assert.NotContains(t, ports, settings.APITunnelPort, "%s", stack)
		ports[settings.APITunnelPort] = stack
	}
}
