package kubeadm_test

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// bound reads a script's default of a variable, in seconds.
func bound(t *testing.T, config any, script, variable string) int {
	t.Helper()
	text, err := decode(t, render(t, config)).File(userdata.ScriptsDir + "/" + script)
	require.NoError(t, err)
	found := regexp.MustCompile(variable + `:=(\d+)`).FindStringSubmatch(text)
	require.NotNil(t, found, "%s sets no %s", script, variable)
	seconds, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return seconds
}

// TestTimeouts_Consistent checks that timeouts exceed the duration of slow operations, and that every wait is bounded:
// the timeout of a step must report its reason before the driver's timeout kills the step.
func TestTimeouts_Consistent(t *testing.T) {
	t.Parallel()
	step := bound(t, workerConfig(), "bootstrap.sh", "STEP_TIMEOUT")
	join := bound(t, workerConfig(), "worker.sh", "JOIN_WAIT")
	require.Greater(t, join, 10*60, "join data that comes ten minutes late would be missed")
	require.Greater(t, step, join+bound(t, workerConfig(), "worker.sh", "JOIN_ATTEMPT"), "the driver would cut a worker off in its last attempt")
	require.Greater(t, step, bound(t, workerConfig(), "data-disk.sh", "DISK_WAIT"))
	// One download of a backup may be cut off and begun again.
	require.Greater(t, step, 2*bound(t, controlPlaneConfig(), "archive.sh", "S3_TIMEOUT"))
}

// A late control plane is waited for as often as it takes; ten minutes are 300 reads at the script's own pace.
func TestTimeouts_ManyReads(t *testing.T) {
	t.Parallel()
	m := newWorker(t)
	interval := bound(t, workerConfig(), "worker.sh", "JOIN_INTERVAL")
	m.aws.unanswered = 10 * 60 / interval / 10 // a tenth of them, to be quick
	output := m.requireRun(workerScript)
	require.Contains(t, output, "has not answered the request in /dev/join/k8s-redis")
	require.Contains(t, m.read("/calls"), "kubeadm join")
}
