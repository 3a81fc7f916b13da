package postgresql

import (
	_ "embed"
	"sort"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The scripts of the ConfigMap; each says what it does and which variables it reads.
var (
	//go:embed scripts/provision.sh
	provisionScript string
	//go:embed scripts/backup.sh
	backupScript string
	//go:embed scripts/restore.sh
	restoreScript string
)

// env are a container's variables, in a stable order.
func env(values map[string]string) core.EnvVarArray {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	list := core.EnvVarArray{}
	for _, name := range names {
		list = append(list, core.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(values[name])})
	}
	return list
}

func readOnly(mount core.VolumeMountArgs) core.VolumeMountArgs {
	mount.ReadOnly = pulumi.Bool(true)
	return mount
}
