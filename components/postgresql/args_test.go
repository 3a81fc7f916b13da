package postgresql

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/storetest"
)

func validArgs() ServerArgs {
	return ServerArgs{
		Namespace:     pulumi.String("data"),
		Placement:     storetest.Placement("postgresql"),
		Storage:       storetest.Storage(40),
		Image:         "postgres:15.19",
		ExporterImage: "quay.io/prometheuscommunity/postgres-exporter:v0.19.1",
		Databases: []Database{
			{Name: "orders", Owner: "orders_owner", MaxGiB: 5, Connections: 20, Clients: []Client{{Role: "shop_api", Connections: 8}, {Role: "shop_worker"}}},
			{Name: "billing", Owner: "billing_owner", MaxGiB: 1, Clients: []Client{{Role: "billing_api"}}},
			{Name: "audit_log", Owner: "audit_owner", MaxGiB: 4},
		},
		Backup: Backup{Hour: 3, Minute: 10, TimeZone: "Asia/Seoul", KeepDays: 7},
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, validArgs().Validate())
	for name, c := range map[string]struct {
		change func(*ServerArgs)
		want   string
	}{
		"no namespace":       {func(a *ServerArgs) { a.Namespace = nil }, "Namespace: not set"},
		"no selector":        {func(a *ServerArgs) { a.Placement.NodeSelector = nil }, "Placement.NodeSelector: not set"},
		"no node":            {func(a *ServerArgs) { a.Storage.NodeName = "" }, "Storage.NodeName: not set"},
		"relative path":      {func(a *ServerArgs) { a.Storage.Path = "data" }, `Storage.Path: "data" must`},
		"no image":           {func(a *ServerArgs) { a.Image = "" }, `Image: "" must`},
		"no exporter image":  {func(a *ServerArgs) { a.ExporterImage = "" }, `ExporterImage: "" must`},
		"no database":        {func(a *ServerArgs) { a.Databases = nil }, "Databases: not set"},
		"no owner":           {func(a *ServerArgs) { a.Databases[1].Owner = "" }, `Databases[1].Owner: not set, must be the role that owns database "billing"`},
		"same database":      {func(a *ServerArgs) { a.Databases[2].Name = "orders" }, `Databases[2].Name: "orders" must be unique`},
		"same owner":         {func(a *ServerArgs) { a.Databases[2].Owner = "orders_owner" }, `Databases[2].Owner: "orders_owner" must be unique`},
		"reserved database":  {func(a *ServerArgs) { a.Databases[0].Name = "template1" }, `Databases[0].Name: "template1" must not be a name that PostgreSQL reserves`},
		"reserved owner":     {func(a *ServerArgs) { a.Databases[0].Owner = "postgres" }, `Databases[0].Owner: "postgres" must not`},
		"system owner":       {func(a *ServerArgs) { a.Databases[0].Owner = "pg_monitor" }, `Databases[0].Owner: "pg_monitor" must not`},
		"dump role as owner": {func(a *ServerArgs) { a.Databases[0].Owner = "billing_dump" }, `Databases[0].Owner: "billing_dump" must not`},
		"client twice":       {func(a *ServerArgs) { a.Databases[1].Clients[0].Role = "shop_api" }, `Databases[1].Clients[0].Role: "shop_api" must be unique`},
		"client as owner":    {func(a *ServerArgs) { a.Databases[1].Clients[0].Role = "orders_owner" }, `Databases[0].Clients: "orders_owner" must not be a role of database "orders" itself`},
		"client of dumps":    {func(a *ServerArgs) { a.Databases[1].Clients[0].Role = "orders_dump" }, `Databases[0].Clients: "orders_dump" must not be`},
		"bad client":         {func(a *ServerArgs) { a.Databases[1].Clients[0].Role = "shop-api" }, `Databases[1].Clients[0].Role: "shop-api" must`},
		"client's limit":     {func(a *ServerArgs) { a.Databases[1].Clients[0].Connections = -1 }, "Databases[1].Clients[0].Connections: -1 must"},
		"monitor as owner":   {func(a *ServerArgs) { a.Databases[0].Owner = "monitor" }, `Databases[0].Owner: "monitor" must not`},
		"SQL in a name":      {func(a *ServerArgs) { a.Databases[0].Name = `x"; drop` }, `Databases[0].Name: "x\"; drop" must be up to 32 lower-case`},
		"restore's name":     {func(a *ServerArgs) { a.Databases[0].Name = "a_before_b" }, `Databases[0].Name: "a_before_b" must not`},
		"no size":            {func(a *ServerArgs) { a.Databases[0].MaxGiB = 0 }, "Databases[0].MaxGiB: 0 must"},
		"connections":        {func(a *ServerArgs) { a.Databases[1].Connections = 80 }, "Databases.Connections: 108 must be at most 86 together: MaxConnections is 100"},
		"bad minute":         {func(a *ServerArgs) { a.Backup.Minute = 60 }, "Backup.Minute: 60 must"},
		"bad hour":           {func(a *ServerArgs) { a.Backup.Hour = 24 }, "Backup.Hour: 24 must"},
		"no retention":       {func(a *ServerArgs) { a.Backup.KeepDays = 0 }, "Backup.KeepDays: 0 must"},
		"bad time zone":      {func(a *ServerArgs) { a.Backup.TimeZone = "Seoul" }, `Backup.TimeZone: "Seoul" must`},
		"small volume":       {func(a *ServerArgs) { a.Storage.SizeGiB = 38 }, "Storage.SizeGiB: 38 must be more, or Backup.KeepDays or Databases.MaxGiB less: 36.1 GiB are usable; the databases, 7 days of dumps and a restore need 37.0 GiB"},
		"long retention":     {func(a *ServerArgs) { a.Backup.KeepDays = 8 }, "8 days of dumps and a restore need 39.5 GiB"},
		"many connections":   {func(a *ServerArgs) { a.MaxConnections = 400 }, "400 connections (MaxConnections) leave no memory"},
		"limit < request":    {func(a *ServerArgs) { a.Server = DefaultServer; a.Server.Limits.MemoryMiB = 512 }, "Server.Limits.MemoryMiB: 512 must be at least the request, 832 MiB"},
		"no limit":           {func(a *ServerArgs) { a.BackupJob = DefaultBackupJob; a.BackupJob.Limits = pod.Amount{} }, "BackupJob.Limits.MilliCPU: 0 must"},
	} {
		t.Run(name, func(t *testing.T) {
			args := validArgs()
			c.change(&args)
			require.ErrorContains(t, args.Validate(), c.want)
		})
	}
}

func TestValidate_AllProblemsAtOnce(t *testing.T) {
	err := ServerArgs{Databases: []Database{{Name: "a", MaxGiB: 1}}}.Validate()
	for _, want := range []string{"Namespace", "NodeSelector", "Storage.Path", "Image", "Databases[0].Owner", "Backup.KeepDays"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestSettingsFor_ScalesWithMemory(t *testing.T) {
	small, large := SettingsFor(832, 100), SettingsFor(6400, 200)
	assert.Equal(t, 208, small.SharedBuffersMiB)
	assert.Equal(t, 52, small.MaintenanceWorkMemMiB)
	assert.Equal(t, 8, small.WorkMemMiB)
	assert.Equal(t, 1600, large.SharedBuffersMiB)
	assert.Equal(t, 256, large.MaintenanceWorkMemMiB)
	assert.Equal(t, 64, large.WorkMemMiB)
	for _, s := range []struct {
		limit int
		Settings
	}{{832, small}, {6400, large}} {
		most := s.SharedBuffersMiB + 2*s.MaintenanceWorkMemMiB + s.MaxConnections*backendMiB + s.MaxConnections/4*s.WorkMemMiB
		assert.LessOrEqual(t, most, s.limit, "the planned worst case")
	}
}
