package monitoring

import (
	"fmt"
	"time"
)

// EtcdBackupMetric is when the control plane last saved etcd, Unix time in seconds. No labels. The control plane writes it like
// the series of rules_credentials.go.
const EtcdBackupMetric = "kubeadm_etcd_backup_last_success_timestamp_seconds"

// etcdBackupRules raise an alert for silence too: a new machine makes its first backup within a quarter of an hour.
func etcdBackupRules(maxAge time.Duration) []rule {
	if maxAge == 0 {
		return nil
	}
	return []rule{
		alert("EtcdBackupMissed", critical, "5m",
			fmt.Sprintf("time() - max(%s) > %d", EtcdBackupMetric, int64(maxAge/time.Second)),
			"etcd has not been saved for {{ $value | humanizeDuration }}: the last good backup grows old"),
		alert("EtcdBackupUnwatched", critical, "1h",
			fmt.Sprintf("absent(%s)", EtcdBackupMetric),
			"the control plane does not report when it was last saved"),
	}
}

// backupRules need nothing of the backup jobs themselves: kube-state-metrics knows when a CronJob last succeeded.
func backupRules(backups []Backup) []rule {
	var rules []rule
	for _, b := range backups {
		job := fmt.Sprintf("{namespace=%q,cronjob=%q}", b.Namespace, b.CronJob)
		rules = append(rules,
			// One that has never succeeded counts from when it was created.
			alert("BackupMissed", critical, "5m",
				fmt.Sprintf("time() - (kube_cronjob_status_last_successful_time%[1]s or kube_cronjob_created%[1]s) > %[2]d", job, int64(b.MaxAge/time.Second)),
				"{{ $labels.namespace }}/{{ $labels.cronjob }} has made no backup for {{ $value | humanizeDuration }}"),
			alert("BackupNotScheduled", critical, "15m",
				fmt.Sprintf("absent(kube_cronjob_created%[1]s) or kube_cronjob_spec_suspend%[1]s == 1", job),
				"{{ $labels.namespace }}/{{ $labels.cronjob }} is suspended or does not exist: no backup will be made"))
	}
	return rules
}
