package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/nodecommand"
)

// library stands for the bootstrap's shared functions. The parameter is a file while the script runs.
const library = `set -euo pipefail
shopt -s inherit_errexit
ROOT= STATE_DIR='%[1]s' RUN='%[2]s' ENCRYPTION_PARAMETER='%[2]s/parameter'
fail() { echo "error: $*" >&2; exit 1; }
retry() { local n=$1; shift; until "$@"; do n=$((n - 1)); [ "$n" -gt 0 ] || return 1; sleep "${RETRY_DELAY:-1}"; done; }
write_file() { cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"; }
ssm_put() { cp "$3" "$1"; }
ssm_get() { cat "$1"; }
kubectl() { shift 2; '%[3]s' --kubeconfig '%[4]s' "$@"; }
`

// rotateKey runs growbin's script on this host, against the real control plane and with the real kubectl. The variables are those of
// the script.
func (w *World) rotateKey(ctx context.Context, m Machine, control *controlPlane, variables ...string) (out string, err error) {
	node, err := userdata.ParseNode(m.UserData)
	if err != nil {
		return "", fmt.Errorf("the user data of %s is wrong: %w", m.ID, err)
	}
	kubectl, err := w.options.Kubectl(ctx, node.KubernetesVersion)
	if err != nil {
		return "", err
	}
	keys, err := m.GetParameter(node.EncryptionParameter)
	if err != nil {
		return "", err
	}
	dir, admin := filepath.Join(w.machineDir(m.ID), "rotate-key"), control.cluster.File("/etc/kubernetes/admin.conf")
	parameter := filepath.Join(dir, "parameter")
	if err := errors.Join(
		os.MkdirAll(dir, 0o700), os.WriteFile(parameter, []byte(keys), 0o600),
		os.WriteFile(filepath.Join(dir, "lib.sh"), fmt.Appendf(nil, library, control.volume, dir, kubectl, admin), 0o600),
	); err != nil {
		return "", fmt.Errorf("prepare the script: %w", err)
	}
	defer os.RemoveAll(dir)
	command := exec.CommandContext(ctx, "sh", "-c", strings.Replace(nodecommand.RotateKey(), userdata.ScriptsDir, dir, 1))
	command.Env = append(os.Environ(), variables...)
	out, err = shell(command)
	next, failed := os.ReadFile(parameter)
	if failed == nil && string(next) != keys {
		failed = m.PutSecret(node.EncryptionParameter, string(next), node.Key)
	}
	return out, errors.Join(err, failed)
}
