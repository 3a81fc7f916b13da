package stacks

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
)

// Figures that stand apart and belong together: the gaps between runs, the lifetimes of what they renew, and the ages at which
// alerts fire.
func TestTimers_FitLifetimesAndAlerts(t *testing.T) {
	const renewEvery, backupEvery, dumpEvery = 6 * time.Hour, 6 * time.Hour, 24 * time.Hour
	timer, script := file(t, "kubeadm-renew-join.timer"), file(t, "renew-join.sh")
	assert.Contains(t, timer, "OnCalendar=*-*-* 00/6:00:00")
	life := regexp.MustCompile(`--ttl (\d+)h0m0s`).FindStringSubmatch(script)
	require.NotNil(t, life)
	hours, err := strconv.Atoi(life[1])
	require.NoError(t, err)
	lifetime := time.Duration(hours) * time.Hour
	assert.Contains(t, script, "$(date +%s) + "+strconv.Itoa(int(lifetime/time.Second)), "the metric is another lifetime")
	assert.GreaterOrEqual(t, lifetime, 4*renewEvery, "three renewals may fail")

	rules := monitoringRules(t)
	lead := seconds(t, rules["JoinTokenNearExpiry"].Expr)
	assert.Less(t, lead, lifetime-renewEvery, "the alert would fire between two renewals")
	assert.Greater(t, lead, time.Hour, "nobody could react in time")

	assert.Equal(t, "*-*-* 03/6:00:00 Asia/Seoul", backupSchedule, "every six hours, one of them at 03:00 in Korea")
	assert.Equal(t, 2*backupEvery+time.Hour, etcdBackupMaxAge, "two missed backups")
	assert.Equal(t, etcdBackupMaxAge, seconds(t, rules["EtcdBackupMissed"].Expr))

	settings, err := decode(t, "prod", nil)
	require.NoError(t, err)
	node, err := nodeNamed(settings.Nodes, nodePostgreSQL)
	require.NoError(t, err)
	dump := settings.databaseArgs(node.place(nil)).Backup
	assert.Equal(t, 3, dump.Hour)
	assert.Equal(t, "Asia/Seoul", dump.TimeZone)
	assert.Equal(t, dumpEvery+2*time.Hour, backupMaxAge)
	assert.Equal(t, backupMaxAge, seconds(t, rules["BackupMissed"].Expr))
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../components/kubeadm/scripts/" + name)
	require.NoError(t, err)
	return string(text)
}

// monitoringRules are the deployed alerts by name; the last of those with the same name.
func monitoringRules(t *testing.T) map[string]monitoring.Rule {
	t.Helper()
	rules := map[string]monitoring.Rule{}
	for _, alert := range parsedAlerts(t) {
		rules[alert.Alert] = alert
	}
	return rules
}

// seconds reads the number at the end of an expression.
func seconds(t *testing.T, expr string) time.Duration {
	t.Helper()
	found := regexp.MustCompile(`[<>] (\d+)$`).FindStringSubmatch(expr)
	require.NotNil(t, found, expr)
	number, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return time.Duration(number) * time.Second
}
