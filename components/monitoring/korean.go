package monitoring

import "maps"

// koreanSummaries are the summaries of the alerts of any cluster.
var koreanSummaries = map[string]string{
	"NodeDown":     "노드 {{ $labels.node }}에 연결할 수 없습니다",
	"NodeNotReady": "노드 {{ $labels.node }}가 Ready가 아닙니다. 새 파드가 배치되지 않고, 있던 파드는 곧 쫓겨납니다",
	"NodeMissing":  "노드 {{ $labels.node }}({{ $labels.purpose }})가 클러스터에 없습니다",
	"DiskFilling":  "{{ $labels.node }}의 {{ $labels.mountpoint }}가 하루 안에 가득 찹니다. {{ $value | humanizePercentage }} 남았습니다",
	"DiskFull":     "{{ $labels.node }}의 {{ $labels.mountpoint }}에 {{ $value | humanizePercentage }}밖에 남지 않았습니다",
	"TargetDown":   "{{ $labels.instance }}({{ $labels.job }})의 지표를 수집할 수 없습니다",

	"PodCrashLooping":    "{{ $labels.namespace }}/{{ $labels.pod }}: 컨테이너 {{ $labels.container }}가 계속 죽고 다시 시작합니다",
	"NoPodsAvailable":    "{{ $labels.namespace }}/{{ $labels.deployment }}{{ $labels.statefulset }}에 쓸 수 있는 파드가 없습니다",
	"ContainerOOMKilled": "{{ $labels.namespace }}/{{ $labels.pod }}: 컨테이너 {{ $labels.container }}가 메모리 한도에서 강제 종료되었습니다",
	"PodPending":         "{{ $labels.namespace }}/{{ $labels.pod }}가 Pending입니다. 배치되지 못했거나 노드에서 시작되지 못합니다",
	"VolumeNotBound":     "PVC {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }}에 볼륨이 없습니다",

	"APIServerDown":   "API 서버의 지표를 수집할 수 없습니다. 아무것도 배치되지 않고 배포도 할 수 없습니다",
	"APIServerErrors": "API 서버가 요청의 {{ $value | humanizePercentage }}에 실패합니다",
	"EtcdErrors":      "etcd가 API 서버 요청의 {{ $value | humanizePercentage }}에 실패합니다",
	"EtcdSlow":        "etcd 요청 백 개 중 하나가 {{ $value | humanizeDuration }} 걸립니다",

	"SeriesAboveEstimate": "Prometheus의 시계열이 {{ $value }}개로, 디스크를 계획한 수보다 많습니다",

	"CertificateNearExpiry":        "{{ $labels.node }}의 인증서 {{ $labels.certificate }}가 {{ $value | humanizeDuration }} 뒤에 만료됩니다",
	"KubeletCertificateNearExpiry": "{{ $labels.node }}의 kubelet 인증서가 {{ $value | humanizeDuration }} 뒤에 만료되는데 갱신되지 않았습니다",
	"JoinRequestsUnread":           "컨트롤 플레인이 노드의 참가 요청을 {{ $value | humanizeDuration }} 동안 읽지 않았습니다. 새 노드가 참가할 수 없습니다",
	"CredentialsUnwatched":         "컨트롤 플레인이 인증서 만료와 참가 요청 확인을 보고하지 않습니다",

	"BackupMissed":        "{{ $labels.namespace }}/{{ $labels.cronjob }}가 {{ $value | humanizeDuration }} 동안 백업을 만들지 못했습니다",
	"BackupNotScheduled":  "{{ $labels.namespace }}/{{ $labels.cronjob }}가 중지되었거나 없습니다. 백업이 만들어지지 않습니다",
	"EtcdBackupMissed":    "마지막으로 성공한 etcd 백업이 {{ $value | humanizeDuration }} 전입니다",
	"EtcdBackupUnwatched": "컨트롤 플레인이 마지막 etcd 백업 시각을 보고하지 않습니다",

	Watchdog: "항상 울립니다. 도착하는 동안은 Prometheus와 Alertmanager가 동작합니다",
}

// KoreanSummaries returns summaries in Korean by alert, for MonitoringArgs.Summaries.
func KoreanSummaries() map[string]string { return maps.Clone(koreanSummaries) }
