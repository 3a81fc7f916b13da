package forecast

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/forecast"
)

func TestX(t *testing.T) {
	p, err := Load("../..", "dev")
	require.NoError(t, err)
	for _, pre := range []bool{false, true} {
		s, err := p.Predict(forecast.Options{Prebuilt: pre})
		require.NoError(t, err)
		fmt.Printf("running %.0f total %.0f\n", s.End(), s.Total())
		for _, x := range s.CriticalPath() {
			fmt.Printf("%6.1f %6.1f %-22s %s\n", x.Start, x.End-x.Start, x.Lane, x.Label)
		}
	}
}
