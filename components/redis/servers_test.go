package redis

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/internal/testing/recorder"
	"github.com/growbin/cluster/internal/testing/storetest"
)

// deploy registers the servers and returns the registrations and the URL of each use.
func deploy(t *testing.T, args ServersArgs) (*recorder.Recorder, map[string]string) {
	t.Helper()
	var uses []string
	for _, u := range args.Uses {
		uses = append(uses, u.Name)
	}
	return storetest.Run(t, uses, func(ctx *pulumi.Context) (*Servers, error) { return NewServers(ctx, "store", &args) })
}

func TestServers(t *testing.T) {
	r, urls := deploy(t, validArgs())
	r.RequireDescend(t, serversType)
	require.Len(t, r.OfType(storetest.StatefulSet), 2)
	for name, durable := range map[string]bool{"store-cache": false, "store-durable": true} {
		storetest.CheckPod(t, r, name, "redis", "9121", durable)
	}
	volumes := r.OfType("kubernetes:core/v1:PersistentVolume")
	require.Len(t, volumes, 1, "a cache needs none")
	assert.Equal(t, "data-store-durable", volumes[0].Value("metadata.name"))

	encoded := func(server, use string) string {
		return credentials.Encode(recorder.Password("store-" + server + "-" + use))
	}
	assert.Equal(t, map[string]string{
		"thumbnails": "redis://thumbnails:" + encoded("cache", "thumbnails") + "@store-cache.data.svc:6379/0",
		"sessions":   "redis://sessions:" + encoded("durable", "sessions") + "@store-durable.data.svc:6379/1",
		"results":    "redis://results:" + encoded("durable", "results") + "@store-durable.data.svc:6379/0",
		"history":    "redis://history:" + encoded("durable", "history") + "@store-durable.data.svc:6379/2",
	}, urls)
}

func TestPasswords_Hidden(t *testing.T) {
	r, _ := deploy(t, validArgs())
	for _, account := range []string{"cache-thumbnails", "durable-sessions", "durable-results", "durable-history"} {
		password := recorder.Password("store-" + account)
		r.RequireHidden(t, password, credentials.Encode(password), hash(password))
		r.RequireUsed(t, hash(password))
	}
	exporter := recorder.Password("store-durable-exporter")
	r.RequireHidden(t, exporter)
	r.RequireUsed(t, exporter)
}

func TestExporter_OfItsOwnServerOnly(t *testing.T) {
	r, _ := deploy(t, validArgs())
	for _, server := range r.OfType(storetest.StatefulSet) {
		env := fmt.Sprint(server.Value(storetest.PodSpec + ".containers[1].env"))
		assert.Contains(t, env, "name:REDIS_EXPORTER_DISABLE_SCRAPE_ENDPOINT value:true")
		assert.Contains(t, env, "name:REDIS_EXPORTER_CONFIG_COMMAND value:-")
	}
}

func TestServers_OnlyNeeded(t *testing.T) {
	args := validArgs()
	args.Uses = args.Uses[1:]
	r, _ := deploy(t, args)
	require.Len(t, r.OfType(storetest.StatefulSet), 1)
	assert.Equal(t, "store-durable", r.OfType(storetest.StatefulSet)[0].Name)
}

func TestDefaults_FitSmallNode(t *testing.T) {
	r, _ := deploy(t, validArgs())
	var cpu, memory int64
	for _, set := range r.OfType(storetest.StatefulSet) {
		c, m := set.Limits(t, storetest.PodSpec)
		cpu, memory = cpu+c, memory+m
	}
	storetest.CheckFitsSmallNode(t, cpu, memory)
}

func TestNewServers_InvalidArgs(t *testing.T) {
	args := validArgs()
	args.Uses[0].Keys = nil
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewServers(ctx, "store", &args)
		return err
	})
	require.ErrorContains(t, err, "redis store: Uses[0].Keys: not set")
	assert.Empty(t, r.OfType(serversType), "nothing is registered")
}
