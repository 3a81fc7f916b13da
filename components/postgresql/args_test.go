package postgresql

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

func validArgs() ServerArgs {
	return ServerArgs{
		Namespace: pulumi.String("data"),
		Placement: pod.Placement{
			NodeSelector: map[string]string{"role": "postgresql"},
			Tolerations:  []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "postgresql", Effect: corev1.TaintEffectNoSchedule}},
		},
		Storage:       localvolume.Storage{NodeName: "db-node", Path: "/var/lib/data", SizeGiB: 40, ClassName: pulumi.String("local-data")},
		Image:         "postgres:15.19",
		ExporterImage: "quay.io/prometheuscommunity/postgres-exporter:v0.19.1",
		Databases: []Database{
			{Name: "orders", Owner: "orders_owner", MaxGiB: 5, Connections: 20},
			{Name: "billing", Owner: "billing_owner", MaxGiB: 1},
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
		"no namespace":      {func(a *ServerArgs) { a.Namespace = nil }, "Namespace is missing"},
		"no selector":       {func(a *ServerArgs) { a.Placement.NodeSelector = nil }, "NodeSelector is empty"},
		"no node":           {func(a *ServerArgs) { a.Storage.NodeName = "" }, "Storage.NodeName is empty"},
		"relative path":     {func(a *ServerArgs) { a.Storage.Path = "data" }, `Storage.Path is "data"`},
		"no image":          {func(a *ServerArgs) { a.Image = "" }, "Image is empty"},
		"no exporter image": {func(a *ServerArgs) { a.ExporterImage = "" }, "ExporterImage is empty"},
		"no database":       {func(a *ServerArgs) { a.Databases = nil }, "Databases is empty"},
		"no owner":          {func(a *ServerArgs) { a.Databases[1].Owner = "" }, `Databases[1].Owner is empty; database "billing" needs a role that owns it`},
		"same database":     {func(a *ServerArgs) { a.Databases[2].Name = "orders" }, `Databases[2].Name is "orders", as is Databases[0].Name`},
		"same owner":        {func(a *ServerArgs) { a.Databases[2].Owner = "orders_owner" }, `Databases[2].Owner is "orders_owner", as is Databases[0].Owner`},
		"reserved database": {func(a *ServerArgs) { a.Databases[0].Name = "template1" }, `Databases[0].Name is "template1"; that name is taken by the server`},
		"reserved owner":    {func(a *ServerArgs) { a.Databases[0].Owner = "postgres" }, `Databases[0].Owner is "postgres"; that name is taken`},
		"system owner":      {func(a *ServerArgs) { a.Databases[0].Owner = "pg_monitor" }, `Databases[0].Owner is "pg_monitor"; that name is taken`},
		"monitor as owner":  {func(a *ServerArgs) { a.Databases[0].Owner = "monitor" }, `Databases[0].Owner is "monitor"; that name is taken`},
		"SQL in a name":     {func(a *ServerArgs) { a.Databases[0].Name = `x"; drop` }, `Databases[0].Name is "x\"; drop"; give up to 32 lower-case`},
		"restore's name":    {func(a *ServerArgs) { a.Databases[0].Name = "a_before_b" }, "belong to a restore"},
		"no size":           {func(a *ServerArgs) { a.Databases[0].MaxGiB = 0 }, "Databases[0].MaxGiB is 0"},
		"connections":       {func(a *ServerArgs) { a.Databases[1].Connections = 80 }, "Databases may open 100 connections together; MaxConnections of 100 leaves 92"},
		"bad hour":          {func(a *ServerArgs) { a.Backup.Hour = 24 }, "Backup is at 24:10"},
		"no retention":      {func(a *ServerArgs) { a.Backup.KeepDays = 0 }, "Backup.KeepDays is 0"},
		"bad time zone":     {func(a *ServerArgs) { a.Backup.TimeZone = "Seoul" }, `Backup.TimeZone is "Seoul"`},
		"small volume":      {func(a *ServerArgs) { a.Storage.SizeGiB = 38 }, "Storage.SizeGiB is 38, of which 36.1 can be used; the databases, 7 days of dumps and a restore need 37.0 GiB"},
		"long retention":    {func(a *ServerArgs) { a.Backup.KeepDays = 8 }, "8 days of dumps and a restore need 39.5 GiB"},
		"many connections":  {func(a *ServerArgs) { a.MaxConnections = 400 }, "400 connections (MaxConnections) leave no memory"},
		"limit < request":   {func(a *ServerArgs) { a.Server = DefaultServer; a.Server.Limits.MemoryMiB = 512 }, "Server.Limits.MemoryMiB is 512; give at least the request, 832 MiB"},
		"no limit":          {func(a *ServerArgs) { a.BackupJob = DefaultBackupJob; a.BackupJob.Limits = pod.Amount{} }, "BackupJob.Limits.MilliCPU is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			args := validArgs()
			c.change(&args)
			require.ErrorContains(t, args.Validate(), c.want)
		})
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := ServerArgs{Databases: []Database{{Name: "a", MaxGiB: 1}}}.Validate()
	for _, want := range []string{"Namespace", "NodeSelector", "Storage.Path", "Image", "Databases[0].Owner", "Backup.KeepDays"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestSettingsScaleWithMemory(t *testing.T) {
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
