package promtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetricNames(t *testing.T) {
	for expr, want := range map[string][]string{
		`sum by (a, b) (rate(x_total{c="d{}"}[5m])) / on (a) group_left (b) y:z > bool 3e-2`: {"x_total", "y:z"},
		`(a_b or c_d{e=~"f\"g"}) unless vector(1)`:                                           {"a_b", "c_d"},
		`avg_over_time((a > bool on (node) b)[1d:5m])`:                                       {"a", "b"},
		`sum(x) by (y)`: {"x"},
	} {
		require.Equal(t, want, MetricNames(expr), expr)
	}
}
