package redis

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

func validArgs() ServersArgs {
	return ServersArgs{
		Namespace: pulumi.String("data"),
		Placement: pod.Placement{
			NodeSelector: map[string]string{"role": "redis"},
			Tolerations:  []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
		},
		Storage:       localvolume.Storage{NodeName: "redis-node", Path: "/var/lib/data", SizeGiB: 10, ClassName: pulumi.String("local-data")},
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
		"no namespace":    {func(a *ServersArgs) { a.Namespace = nil }, "Namespace is missing"},
		"no selector":     {func(a *ServersArgs) { a.Placement.NodeSelector = nil }, "NodeSelector is empty"},
		"no image":        {func(a *ServersArgs) { a.Image = "" }, "Image is empty"},
		"no exporter":     {func(a *ServersArgs) { a.ExporterImage = "" }, "ExporterImage is empty"},
		"no storage":      {func(a *ServersArgs) { a.Storage = localvolume.Storage{} }, "Storage.NodeName is empty"},
		"small volume":    {func(a *ServersArgs) { a.Storage.SizeGiB = 1 }, "Storage.SizeGiB is 1; the append-only file of 288 MiB of keys can grow to 1152 MiB: give at least 2 GiB"},
		"no use":          {func(a *ServersArgs) { a.Uses = nil }, "Uses is empty"},
		"bad name":        {func(a *ServersArgs) { a.Uses[0].Name = "two words" }, `Uses[0].Name is "two words"`},
		"taken name":      {func(a *ServersArgs) { a.Uses[0].Name = "default" }, `Uses[0].Name is "default"; that user is made already`},
		"same name":       {func(a *ServersArgs) { a.Uses[1].Name = "thumbnails" }, `Uses[1].Name is "thumbnails", as is Uses[0].Name`},
		"bad kind":        {func(a *ServersArgs) { a.Uses[0].Kind = "fast" }, `Uses[0].Kind is "fast"; give evictable or kept`},
		"bad database":    {func(a *ServersArgs) { a.Uses[0].Database = 16 }, "Uses[0].Database is 16"},
		"no keys":         {func(a *ServersArgs) { a.Uses[1].Keys = nil }, `Uses[1].Keys is empty; give the keys that "sessions" may use, such as "sessions:*"`},
		"rule as pattern": {func(a *ServersArgs) { a.Uses[1].Keys = []string{"a allkeys"} }, `Uses[1] has the pattern "a allkeys"`},
		"rule as command": {func(a *ServersArgs) { a.Uses[1].Commands = []string{"~*"} }, `Uses[1].Commands has "~*"`},
		"shared keys":     {func(a *ServersArgs) { a.Uses[3].Keys = []string{"session:old:*"} }, `Uses[3].Keys and Uses[1].Keys share keys (session:* and session:old:*)`},
		"shared all":      {func(a *ServersArgs) { a.Uses[3].Keys = []string{"*"} }, `"history" could read what "sessions" keeps`},
		"same key":        {func(a *ServersArgs) { a.Uses[3].Keys, a.Uses[1].Keys = []string{"one"}, []string{"one"} }, "one and one"},
		"limit < request": {func(a *ServersArgs) { a.Cache = DefaultCache; a.Cache.Limits.MemoryMiB = 1 }, "Cache.Limits.MemoryMiB is 1; give at least the request, 384 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			args := validArgs()
			c.change(&args)
			require.ErrorContains(t, args.Validate(), c.want)
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(*ServersArgs){
		"no storage without kept keys":        func(a *ServersArgs) { a.Uses, a.Storage = a.Uses[:1], localvolume.Storage{} },
		"the same keys on different servers":  func(a *ServersArgs) { a.Uses[0].Keys = []string{"session:*"} },
		"keys that only begin alike":          func(a *ServersArgs) { a.Uses[3].Keys = []string{"sessions"} },
		"everything for a server's only user": func(a *ServersArgs) { a.Uses[0].Keys = []string{"*"} },
	} {
		args := validArgs()
		change(&args)
		assert.NoError(t, args.Validate(), name)
	}
}

func TestMemoryLeavesRoomInTheLimit(t *testing.T) {
	for _, limit := range []int{64, 384, 640, 4096} {
		// A rewrite of the append-only file can need every page twice.
		assert.Less(t, 2*ConfigFor(Kept, limit).MaxMemoryMiB, limit)
		assert.Less(t, ConfigFor(Evictable, limit).MaxMemoryMiB, limit)
	}
}

func TestUsersHoldNoPassword(t *testing.T) {
	passwords := map[string]string{"sessions": "secret-one", "exporter": "secret-two"}
	file := Users(validArgs().Uses[1:2], passwords)
	for _, password := range passwords {
		assert.NotContains(t, file, password)
	}
	// SHA-256 of "secret-one", by sha256sum.
	assert.Contains(t, file, "#ea77193cc4e6f18656f3130e296203880c4b9b3772afc855211b82fdd46e9185")
	assert.Len(t, strings.Split(strings.TrimSpace(file), "\n"), 3)
}
