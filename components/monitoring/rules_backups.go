package monitoring

import (
	"fmt"
	"time"
)

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
