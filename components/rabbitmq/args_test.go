package rabbitmq

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/storetest"
)

func validArgs() BrokerArgs {
	return BrokerArgs{
		Namespace:   pulumi.String("data"),
		Placement:   storetest.Placement("rabbitmq"),
		Storage:     storetest.Storage(20),
		Image:       "rabbitmq:4.3.5-management",
		VirtualHost: "shop/main",
		Queues: []Queue{
			{Name: "work.in", DeadLetter: true, Exchange: "direct"}, {Name: "work.out", DeadLetter: true, DeliveryLimit: 3, Exchange: "direct"},
			{Name: "work.a", DeadLetter: true, Exchange: "topic"}, {Name: "work.b", DeadLetter: true, Exchange: "topic"}, {Name: "work.dead"},
		},
		DeadLetterQueue: "work.dead",
		Users: []User{
			{Name: "api", Publishes: []string{"work.in"}},
			{Name: "worker-in", Consumes: []string{"work.in"}, Publishes: []string{"work.out"}},
			{Name: "worker-out", Consumes: []string{"work.out"}},
			{Name: "celery-a", Consumes: []string{"work.a"}, Celery: true},
			{Name: "observer", Permissions: Observer("work.a")},
			{Name: "operator", Permissions: &Everything, Tags: []string{"administrator"}},
			{Name: "celery-b", Consumes: []string{"work.b"}, Celery: true},
			{Name: "celery-sender", Publishes: []string{"work.a"}, Celery: true},
		},
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, validArgs().Validate())
	for name, c := range map[string]struct {
		change func(*BrokerArgs)
		want   string
	}{
		"no namespace":     {func(a *BrokerArgs) { a.Namespace = nil }, "Namespace: not set"},
		"no selector":      {func(a *BrokerArgs) { a.Placement.NodeSelector = nil }, "Placement.NodeSelector: not set"},
		"no node":          {func(a *BrokerArgs) { a.Storage.NodeName = "" }, "Storage.NodeName: not set"},
		"small volume":     {func(a *BrokerArgs) { a.Storage.SizeGiB = 3 }, "Storage.SizeGiB: 3 must be at least 4"},
		"no image":         {func(a *BrokerArgs) { a.Image = "" }, `Image: "" must`},
		"no virtual host":  {func(a *BrokerArgs) { a.VirtualHost = "" }, "VirtualHost: not set"},
		"no queue":         {func(a *BrokerArgs) { a.Queues = nil }, "Queues: not set"},
		"bad queue":        {func(a *BrokerArgs) { a.Queues[0].Name = "amq.mine" }, `Queues[0].Name: "amq.mine" must`},
		"same queue":       {func(a *BrokerArgs) { a.Queues[1].Name = "work.in" }, `Queues[1].Name: "work.in" must be unique`},
		"bad exchange":     {func(a *BrokerArgs) { a.Queues[0].Exchange = "round" }, `Queues[0].Exchange: "round" must be direct, topic or fanout`},
		"bad limit":        {func(a *BrokerArgs) { a.Queues[0].DeliveryLimit = -1 }, "Queues[0].DeliveryLimit: -1 must"},
		"no dead letters":  {func(a *BrokerArgs) { a.DeadLetterQueue = "" }, "DeadLetterQueue: not set, must"},
		"unknown dead":     {func(a *BrokerArgs) { a.DeadLetterQueue = "grave" }, `DeadLetterQueue: "grave" must be one of Queues (work.in, work.out`},
		"circle":           {func(a *BrokerArgs) { a.Queues[4].DeadLetter = true }, `Queues[4].DeadLetter: true must be false for the DeadLetterQueue "work.dead"`},
		"no user":          {func(a *BrokerArgs) { a.Users = nil }, "Users: not set"},
		"bad user":         {func(a *BrokerArgs) { a.Users[0].Name = "API" }, `Users[0].Name: "API" must`},
		"same user":        {func(a *BrokerArgs) { a.Users[1].Name = "api" }, `Users[1].Name: "api" must be unique`},
		"unknown queue":    {func(a *BrokerArgs) { a.Users[1].Consumes = []string{"work.inn"} }, `Users[1].Publishes or Consumes: "work.inn" must be one of Queues (work.in,`},
		"no permission":    {func(a *BrokerArgs) { a.Users[0].Publishes = nil }, `Users[0].Permissions: not set, must be set if user "api"`},
		"both":             {func(a *BrokerArgs) { a.Users[5].Consumes = []string{"work.in"} }, "Users[5].Permissions: {.* .* .*} must not"},
		"bad expression":   {func(a *BrokerArgs) { a.Users[5].Permissions = &Permissions{"(", ".*", ".*"} }, `Users[5].Permissions.Configure: "(" must`},
		"empty expression": {func(a *BrokerArgs) { a.Users[5].Permissions = &Permissions{".*", "", ".*"} }, `Users[5].Permissions.Write: "" must be a regular expression, e.g. ^$ for nothing`},
		"bad tag":          {func(a *BrokerArgs) { a.Users[5].Tags = []string{"root"} }, `Users[5].Tags: "root" must`},
		"little memory": {func(a *BrokerArgs) {
			a.Resources = pod.Resources{Requests: pod.Amount{MilliCPU: 1, MemoryMiB: 1}, Limits: pod.Amount{MilliCPU: 1, MemoryMiB: 256}}
		}, "Resources.Limits.MemoryMiB: 256 must be at least 512"},
		"limit < request": {func(a *BrokerArgs) { a.Resources = DefaultBroker; a.Resources.Limits.MilliCPU = 1 }, "Resources.Limits.MilliCPU: 1 must be at least the request, 500"},
	} {
		t.Run(name, func(t *testing.T) {
			args := validArgs()
			c.change(&args)
			require.ErrorContains(t, args.Validate(), c.want)
		})
	}
}

func TestValidate_AllProblemsAtOnce(t *testing.T) {
	args := validArgs()
	args.Image, args.DeadLetterQueue, args.Users[0].Publishes = "", "", []string{"x", "y"}
	err := args.Validate()
	for _, want := range []string{"Image", "DeadLetterQueue", `Users[0].Publishes or Consumes: "x"`, `Users[0].Publishes or Consumes: "y"`} {
		assert.ErrorContains(t, err, want)
	}
}

func TestHashPassword(t *testing.T) {
	hash, err := base64.StdEncoding.DecodeString(HashPassword("secret"))
	require.NoError(t, err)
	require.Len(t, hash, 4+sha256.Size)
	want := sha256.Sum256(append(append([]byte{}, hash[:4]...), "secret"...))
	assert.Equal(t, want[:], hash[4:])
	assert.Equal(t, HashPassword("secret"), HashPassword("secret"), "the definitions must not change by themselves")
	other, err := base64.StdEncoding.DecodeString(HashPassword("other"))
	require.NoError(t, err)
	assert.NotEqual(t, hash[:4], other[:4])
}

func TestPolicies(t *testing.T) {
	policies := map[string]map[string]any{}
	for _, p := range DefinitionsFor(validArgs(), nil).Policies {
		policies[p.Pattern] = p.Definition
	}
	assert.Equal(t, map[string]any{
		"delivery-limit": 3, "dead-letter-exchange": "", "dead-letter-routing-key": "work.dead",
		"dead-letter-strategy": "at-least-once", "overflow": "reject-publish",
	}, policies[`^work\.out$`])
	assert.Equal(t, DefaultDeliveryLimit, policies[`^work\.in$`]["delivery-limit"])
	assert.Equal(t, map[string]any{"delivery-limit": unlimited}, policies[`^work\.dead$`], "reading a dead letter must not lose it")
}

func TestPermissions_WholeNames(t *testing.T) {
	p := User{Publishes: []string{"work.a"}, Consumes: []string{"work.b"}}.permissions()
	assert.Equal(t, Permissions{Configure: "^$", Write: `^(work\.a)$`, Read: `^(work\.b)$`}, p)
}

func TestConfigFor_ScalesWithMemory(t *testing.T) {
	small, large := ConfigFor(1024, 20, true), ConfigFor(16384, 100, false)
	assert.Equal(t, 614, small.WatermarkMiB)
	assert.Equal(t, 64, small.WalMiB)
	assert.Equal(t, 2048, small.DiskFreeMiB)
	assert.Equal(t, 512, large.WalMiB)
	assert.Equal(t, 16384, large.DiskFreeMiB)
	assert.Contains(t, small.Render(), "deprecated_features.permit.transient_nonexcl_queues = true\n")
	assert.NotContains(t, large.Render(), "deprecated_features")
}
