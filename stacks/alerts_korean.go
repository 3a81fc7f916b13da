package stacks

import (
	"maps"

	"github.com/growbin/cluster/components/monitoring"
)

// Values of the setting alertLanguage.
const (
	languageEnglish = "english"
	languageKorean  = "korean"
)

// koreanSummaries are the summaries of Growbin's own alerts.
var koreanSummaries = map[string]string{
	"BandExceeded":          "노드 {{ $labels.node }}({{ $labels.purpose }})의 부하가 {{ $value | humanizePercentage }}로, 예상 범위보다 높습니다",
	"CPUCreditsBilled":      "노드 {{ $labels.node }}({{ $labels.purpose }})가 하루 동안 CPU의 {{ $value | humanizePercentage }}를 썼습니다. 예상을 넘는 크레딧이 청구됩니다",
	"CPUSlowedDown":         "노드 {{ $labels.node }}가 CPU 시간의 {{ $value | humanizePercentage }}를 잃습니다. 크레딧이 떨어졌거나 호스트가 바쁩니다",
	"QueueGrowing":          "큐 {{ $labels.queue }}에 메시지가 {{ $value }}개 쌓였고 계속 늘어납니다. 워커가 너무 느립니다",
	"DeadLettersWaiting":    "큐 {{ $labels.queue }}에 워커가 거부한 메시지가 {{ $value }}개 있습니다",
	"QueueWithoutConsumers": "큐 {{ $labels.queue }}를 읽는 워커가 없습니다. 작업이 기다립니다",
	"StoreDown":             "저장소 {{ $labels.namespace }}/{{ $labels.pod }}가 응답하지 않습니다",
	"BrokerAlarm":           "{{ $labels.namespace }}/{{ $labels.pod }}에 메모리, 디스크, 파일 중 하나가 모자라 메시지를 받지 않습니다",
	"RedisFull":             "{{ $labels.namespace }}/{{ $labels.pod }}가 메모리의 {{ $value | humanizePercentage }}를 씁니다. 100%가 되면 쓰기를 거부합니다",
	"APIErrors":             "{{ $labels.app }}가 요청의 {{ $value | humanizePercentage }}에 실패합니다",
	"APIUnwatched":          "{{ $labels.app }}가 /metrics에 요청 지표를 내지 않습니다. 오류가 나도 알림이 울리지 않습니다",
}

// summaries returns the texts of alerts that replace the English ones.
func (s *Settings) summaries() map[string]string {
	if s.AlertLanguage != languageKorean {
		return nil
	}
	all := monitoring.KoreanSummaries()
	maps.Copy(all, koreanSummaries)
	return all
}
