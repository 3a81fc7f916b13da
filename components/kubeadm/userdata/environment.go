package userdata

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Names of the variables in bootstrap.env that describe the node. The scripts use more.
const (
	EnvNodeName            = "NODE_NAME"
	EnvClusterName         = "CLUSTER_NAME"
	EnvRegion              = "AWS_REGION"
	EnvKubernetesVersion   = "KUBERNETES_VERSION"
	EnvRole                = "NODE_ROLE"
	EnvDataMount           = "DATA_MOUNT"
	EnvSteps               = "STEPS"
	EnvImages              = "IMAGES"
	EnvStateDir            = "STATE_DIR"
	EnvJoinPath            = "JOIN_PATH"
	EnvJoinParameter       = "JOIN_PARAMETER"
	EnvKubeconfigParameter = "KUBECONFIG_PARAMETER"
	EnvAccessPath          = "ACCESS_PATH"
	EnvEncryptionParameter = "ENCRYPTION_PARAMETER"
	EnvStatusParameter     = "STATUS_PARAMETER"
	EnvKey                 = "KMS_KEY"
	EnvBackupBucket        = "BACKUP_BUCKET"
	EnvIssuerBucket        = "ISSUER_BUCKET"
	EnvBackupParameter     = "BACKUP_PARAMETER"
	EnvTargetGroups        = "TARGET_GROUPS"
)

// Values of EnvRole.
const (
	RoleControlPlane = "control-plane"
	RoleWorker       = "worker"
)

// assignment is the only form a line may have: between single quotes the shell expands nothing.
var assignment = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)='([^']*)'$`)

// ParseEnvironment reads shell variables from lines of the form NAME='value'. Empty lines and comments are allowed.
func ParseEnvironment(text string) (map[string]string, error) {
	variables := map[string]string{}
	var problems []error
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := assignment.FindStringSubmatch(line)
		switch {
		case parts == nil:
			problems = append(problems, fmt.Errorf("line %d, %q, is not of the form NAME='value'", i+1, line))
		case hasKey(variables, parts[1]):
			problems = append(problems, fmt.Errorf("line %d sets %s a second time", i+1, parts[1]))
		default:
			variables[parts[1]] = parts[2]
		}
	}
	return variables, errors.Join(problems...)
}

func hasKey[V any](m map[string]V, key string) bool {
	_, found := m[key]
	return found
}
