package stacks

import (
	"fmt"

	"github.com/growbin/cluster/components/monitoring"
)

// apiAlerts watch the answers of the APIs. The metrics are those of prometheus-fastapi-instrumentator; health probes count as
// requests, so a pod without any series serves no such metrics.
func apiAlerts() alertGroup {
	rules := []monitoring.Rule{monitoring.Alert("APIErrors", monitoring.Critical, "5m",
		fmt.Sprintf(`sum by (app) (rate(http_requests_total{job=%[1]q,status=~"5.."}[5m])) / sum by (app) (rate(http_requests_total{job=%[1]q}[5m])) > 0.05`, monitoring.JobPods),
		"{{ $labels.app }} fails {{ $value | humanizePercentage }} of its requests")}
	for _, application := range catalog {
		if application.Kind == kindAPI {
			rules = append(rules, monitoring.Alert("APIUnwatched", monitoring.Warning, "30m",
				fmt.Sprintf("absent(http_requests_total{job=%q,app=%q})", monitoring.JobPods, application.Name),
				"{{ $labels.app }} serves no metrics of its requests at /metrics: its errors raise no alert"))
		}
	}
	return alertGroup{"apis", rules, []RunbookEntry{{
		Alert: "APIErrors",
		English: Explanation{
			Means: "An API answers more than one of twenty requests with a 5xx status.",
			Look:  "dashboard \"API traffic and errors\"; `kubectl -n growbin logs deploy/NAME`; alerts of the stores.",
			Do:    "back to the last image with `growbin release` if it began with a release.",
		},
		Korean: Explanation{
			Means: "API가 요청 스무 개 중 하나보다 많이 5xx로 답합니다.",
			Look:  "대시보드 \"API traffic and errors\", `kubectl -n growbin logs deploy/NAME`, 저장소의 알림.",
			Do:    "릴리스 뒤에 시작되었다면 `growbin release`로 이전 이미지로 되돌립니다.",
		},
	}, {
		Alert: "APIUnwatched",
		English: Explanation{
			Means: "An API has served no metrics of its requests for 30 minutes, so its errors raise no alert.",
			Look:  "`kubectl -n growbin port-forward deploy/NAME 8000`, then `curl localhost:8000/metrics`.",
			Do: "add the instrumentation to the application; the dashboard \"API traffic and errors\" has the names of the " +
				"metrics.",
		},
		Korean: Explanation{
			Means: "API가 30분째 요청 메트릭을 내보내지 않아 오류가 나도 알림이 없습니다.",
			Look:  "`kubectl -n growbin port-forward deploy/NAME 8000`, `curl localhost:8000/metrics`.",
			Do:    "애플리케이션에 계측을 넣습니다. 메트릭 이름은 대시보드 \"API traffic and errors\"에 있습니다.",
		},
	}}}
}
