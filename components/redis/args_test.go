package redis

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/internal/testing/storetest"
)

func validArgs() ServersArgs {
	return ServersArgs{
		Namespace:     pulumi.String("data"),
		Placement:     storetest.Placement("redis"),
		Storage:       storetest.Storage(10),
		Image:         "redis:7.2.16",
		ExporterImage: "oliver006/redis_exporter:v1.91.1",
		Uses: []Use{
			{Name: "thumbnails", Kind: Evictable, Keys: []string{"thumb:*"}},
			{Name: "sessions", Kind: Kept, Database: 1, Keys: []string{"session:*"}},
			{Name: "results", Kind: Kept, Database: 0, Keys: []string{"celery-task-meta-*", "celery-taskset-meta-*"}, Channels: []string{"celery-task-meta-*"}},
			{Name: "history", Kind: Kept, Database: 2, Keys: []string{"chat:*"}, Commands: []string{"+scan"}},
		},
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, validArgs().Validate())
	for name, c := range map[string]struct {
		change func(*ServersArgs)
		want   string
	}{
		"no namespace":    {func(a *ServersArgs) { a.Namespace = nil }, "Namespace: not set"},
		"no selector":     {func(a *ServersArgs) { a.Placement.NodeSelector = nil }, "Placement.NodeSelector: not set"},
		"no image":        {func(a *ServersArgs) { a.Image = "" }, `Image: "" must`},
		"no exporter":     {func(a *ServersArgs) { a.ExporterImage = "" }, `ExporterImage: "" must`},
		"no storage":      {func(a *ServersArgs) { a.Storage = localvolume.Storage{} }, "Storage.NodeName: not set"},
		"small volume":    {func(a *ServersArgs) { a.Storage.SizeGiB = 1 }, "Storage.SizeGiB: 1 must be at least 2: the append-only file of 288 MiB of keys can grow to 1152 MiB"},
		"no use":          {func(a *ServersArgs) { a.Uses = nil }, "Uses: not set"},
		"bad name":        {func(a *ServersArgs) { a.Uses[0].Name = "two words" }, `Uses[0].Name: "two words" must`},
		"taken name":      {func(a *ServersArgs) { a.Uses[0].Name = "default" }, `Uses[0].Name: "default" must not be one of default, exporter`},
		"same name":       {func(a *ServersArgs) { a.Uses[1].Name = "thumbnails" }, `Uses[1].Name: "thumbnails" must be unique`},
		"bad kind":        {func(a *ServersArgs) { a.Uses[0].Kind = "fast" }, `Uses[0].Kind: "fast" must be evictable or kept`},
		"bad database":    {func(a *ServersArgs) { a.Uses[0].Database = 16 }, "Uses[0].Database: 16 must"},
		"no keys":         {func(a *ServersArgs) { a.Uses[1].Keys = nil }, `Uses[1].Keys: not set, must be patterns of the keys that "sessions" may use, e.g. sessions:*`},
		"rule as pattern": {func(a *ServersArgs) { a.Uses[1].Keys = []string{"a allkeys"} }, `Uses[1].Keys: "a allkeys" must`},
		"rule as channel": {func(a *ServersArgs) { a.Uses[2].Channels = []string{"a allchannels"} }, `Uses[2].Channels: "a allchannels" must`},
		"rule as command": {func(a *ServersArgs) { a.Uses[1].Commands = []string{"~*"} }, `Uses[1].Commands: "~*" must`},
		"shared keys":     {func(a *ServersArgs) { a.Uses[3].Keys = []string{"session:old:*"} }, `Uses[3].Keys: "session:* and session:old:*" must not match keys of Uses[1]`},
		"shared all":      {func(a *ServersArgs) { a.Uses[3].Keys = []string{"*"} }, `"history" could read the data of "sessions"`},
		"same key":        {func(a *ServersArgs) { a.Uses[3].Keys, a.Uses[1].Keys = []string{"one"}, []string{"one"} }, "one and one"},
		"limit < request": {func(a *ServersArgs) { a.Cache = DefaultCache; a.Cache.Limits.MemoryMiB = 1 }, "Cache.Limits.MemoryMiB: 1 must be at least the request, 384 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			args := validArgs()
			c.change(&args)
			require.ErrorContains(t, args.Validate(), c.want)
		})
	}
}

func TestValidate_Valid(t *testing.T) {
	for name, change := range map[string]func(*ServersArgs){
		"no storage without kept keys":        func(a *ServersArgs) { a.Uses, a.Storage = a.Uses[:1], localvolume.Storage{} },
		"the same keys on different servers":  func(a *ServersArgs) { a.Uses[0].Keys = []string{"session:*"} },
		"keys with a common prefix only":      func(a *ServersArgs) { a.Uses[3].Keys = []string{"sessions"} },
		"everything for a server's only user": func(a *ServersArgs) { a.Uses[0].Keys = []string{"*"} },
	} {
		args := validArgs()
		change(&args)
		assert.NoError(t, args.Validate(), name)
	}
}

func TestConfigFor_MemoryWithinLimit(t *testing.T) {
	for _, limit := range []int{64, 384, 640, 4096} {
		// A rewrite of the append-only file can need every page twice.
		assert.Less(t, 2*ConfigFor(Kept, limit).MaxMemoryMiB, limit)
		assert.Less(t, ConfigFor(Evictable, limit).MaxMemoryMiB, limit)
	}
}

func TestUsers_NoPasswords(t *testing.T) {
	passwords := map[string]string{"sessions": "secret-one", "exporter": "secret-two"}
	file := Users(validArgs().Uses[1:2], passwords)
	for _, password := range passwords {
		assert.NotContains(t, file, password)
	}
	// SHA-256 of "secret-one", by sha256sum.
	assert.Contains(t, file, "#ea77193cc4e6f18656f3130e296203880c4b9b3772afc855211b82fdd46e9185")
	assert.Len(t, strings.Split(strings.TrimSpace(file), "\n"), 3)
}
