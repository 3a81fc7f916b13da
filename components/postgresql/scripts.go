package postgresql

import (
	_ "embed"
	"maps"
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scripts of the ConfigMap. Their headers document their variables.
var (
	//go:embed scripts/provision.sh
	provisionScript string
	//go:embed scripts/grants.sql
	grantsScript string
	//go:embed scripts/backup.sh
	backupScript string
	//go:embed scripts/restore.sh
	restoreScript string
	//go:embed scripts/upload.sh
	uploadScript string
	//go:embed scripts/receive.sh
	receiveScript string
)

// env returns a container's variables in a stable order.
func env(values map[string]string) core.EnvVarArray {
	list := core.EnvVarArray{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, core.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(values[name])})
	}
	return list
}

func readOnly(mount core.VolumeMountArgs) core.VolumeMountArgs {
	mount.ReadOnly = pulumi.Bool(true)
	return mount
}
