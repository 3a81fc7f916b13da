package stacks

import (
	"path"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/monitoring"
)

// Figures that stand apart and belong together: the gaps between runs, the lifetimes of the credentials, and the ages at which
// alerts fire.
func TestTimers_FitLifetimesAndAlerts(t *testing.T) {
	const renewEvery, backupEvery, dumpEvery = 6 * time.Hour, 6 * time.Hour, 24 * time.Hour
	files := bootFiles(t)
	assert.Contains(t, files["kubeadm-renew.timer"], "OnCalendar=*-*-* 00/6:00:00")
	rules := monitoringRules(t)
	lead := seconds(t, rules["CertificateNearExpiry"].Expr)
	renewed := days(number(t, files["renew.sh"], `"\$\{RENEW_DAYS:=(\d+)\}"`))
	assert.Greater(t, renewed-30*renewEvery, lead, "the alert must leave renewals a week to succeed")
	publish := files["publish.sh"]
	published := days(number(t, publish, `-checkend \$\(\((\d+) \* 86400\)\)`))
	assert.Greater(t, published, 30*renewEvery, "renewals of a kubeconfig must have a week to succeed")
	assert.Greater(t, time.Duration(number(t, publish, `--validity-period (\d+)h`))*time.Hour, published+renewEvery)
	assert.Greater(t, lead, 7*24*time.Hour, "nobody could react in time")

	approve, worker := files["approve.sh"], files["worker.sh"]
	wait, interval := scriptDefault(t, approve, "SIGN_WAIT"), scriptDefault(t, approve, "READ_INTERVAL")
	unread := seconds(t, rules["JoinRequestsUnread"].Expr)
	assert.Greater(t, unread, time.Duration(len(topology))*wait+interval, "the alert would fire while all nodes join at once")
	attempt := scriptDefault(t, worker, "JOIN_ATTEMPT")
	answer := time.Duration(number(t, approve, `expirationSeconds: (\d+)`)) * time.Second
	assert.Greater(t, answer, 2*attempt, "an answer must outlast the join that it is for")
	assert.LessOrEqual(t, answer, time.Hour)
	step := scriptDefault(t, files["bootstrap.sh"], "STEP_TIMEOUT")
	assert.Greater(t, step, scriptDefault(t, worker, "JOIN_WAIT")+attempt+scriptDefault(t, worker, "NODE_WAIT"))

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

// bootFiles are the files of the user data of a control plane and a worker, by the last part of their paths.
func bootFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	w := deploy(t, "prod", nil)
	for _, node := range []string{"k8s-worker-ai", "k8s-master"} {
		machine, err := w.cloud.Machine(node)
		require.NoError(t, err)
		document, err := userdata.Decode(machine.UserData)
		require.NoError(t, err)
		for _, file := range document.Files {
			files[path.Base(file.Path)] = file.Content
		}
	}
	return files
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// number is the one that the only group of the expression finds in a text.
func number(t *testing.T, text, expression string) int {
	t.Helper()
	found := regexp.MustCompile(expression).FindStringSubmatch(text)
	require.NotNil(t, found, expression)
	value, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return value
}

// scriptDefault is the default in seconds of a variable of a boot script.
func scriptDefault(t *testing.T, script, variable string) time.Duration {
	t.Helper()
	return time.Duration(number(t, script, `"\$\{`+variable+`:=(\d+)\}"`)) * time.Second
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
	return time.Duration(number(t, expr, `[<>] (\d+)$`)) * time.Second
}
