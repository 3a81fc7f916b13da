package monitoring

import (
	"fmt"
	"time"
)

// EtcdBackupMetric is the time of the control plane's last successful etcd backup, in Unix seconds. It has no labels. The
// control plane writes it like the series of rules_credentials.go.
const EtcdBackupMetric = "kubeadm_etcd_backup_last_success_timestamp_seconds"

// etcdBackupRules also raise an alert if the metric is missing: a new instance makes its first backup within 15 minutes.
func etcdBackupRules(maxAge time.Duration) []Rule {
	if maxAge == 0 {
		return nil
	}
	return []Rule{
		Alert("EtcdBackupMissed", Critical, "5m",
			fmt.Sprintf("time() - max(%s) > %d", EtcdBackupMetric, int64(maxAge/time.Second)),
			"the last successful etcd backup is {{ $value | humanizeDuration }} old"),
		Alert("EtcdBackupUnwatched", Critical, "1h",
			fmt.Sprintf("absent(%s)", EtcdBackupMetric),
			"the control plane does not report the time of its last etcd backup"),
	}
}

// backupRules need no metrics of the backup jobs: kube-state-metrics reports the last success of a CronJob.
func backupRules(backups []Backup) []Rule {
	var rules []Rule
	for _, b := range backups {
		job := fmt.Sprintf("{namespace=%q,cronjob=%q}", b.Namespace, b.CronJob)
		rules = append(rules,
			// A job that has never succeeded counts from its creation.
			Alert("BackupMissed", Critical, "5m",
				fmt.Sprintf("time() - (kube_cronjob_status_last_successful_time%[1]s or kube_cronjob_created%[1]s) > %[2]d", job, int64(b.MaxAge/time.Second)),
				"{{ $labels.namespace }}/{{ $labels.cronjob }} has not made a backup for {{ $value | humanizeDuration }}"),
			Alert("BackupNotScheduled", Critical, "15m",
				fmt.Sprintf("absent(kube_cronjob_created%[1]s) or kube_cronjob_spec_suspend%[1]s == 1", job),
				"{{ $labels.namespace }}/{{ $labels.cronjob }} is suspended or does not exist: no backups are made"))
	}
	return rules
}
