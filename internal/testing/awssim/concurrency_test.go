package awssim

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCloud_Concurrency creates, reads, reaches and deletes from many goroutines; run it with -race.
func TestCloud_Concurrency(t *testing.T) {
	booted := sync.Map{}
	w := build(t, Options{
		Quotas: map[string]float64{QuotaStandardVCPUs: 200},
		Boot: func(ctx context.Context, m *Machine) {
			if m.WaitForInternet(ctx) == nil {
				booted.Store(m.Name, true)
			}
		},
	})
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			name := fmt.Sprintf("m%d", n)
			o, err := w.launch(name, nil)
			if !assert.NoError(t, err) {
				return
			}
			v, err := w.try(volumeToken, name, values{"availabilityZone": "ap-northeast-2a", "size": 1})
			if !assert.NoError(t, err) {
				return
			}
			a, err := w.try(volumeAttachmentToken, name, values{"volumeId": v.id, "instanceId": o.id, "deviceName": "/dev/sdf"})
			if !assert.NoError(t, err) {
				return
			}
			assert.NoError(t, w.c.Reach(Endpoint(name), Internet, "tcp", 443))
			w.c.Machines()
			w.c.Resources()
			if n%2 == 0 {
				assert.NoError(t, w.remove(volumeAttachmentToken, a.id))
				assert.NoError(t, w.remove(volumeToken, v.id))
				assert.NoError(t, w.remove(instanceToken, o.id))
			}
		})
	}
	wg.Wait()
	require.NoError(t, w.c.WaitBoots(t.Context()))
	assert.Len(t, w.c.Machines(), 20)
	assert.Equal(t, 40, w.c.vcpus)
	seen := map[string]bool{}
	for _, m := range w.c.Machines() {
		assert.False(t, seen[m.PrivateIP], "no address is given twice")
		seen[m.PrivateIP] = true
		_, ok := booted.Load(m.Name)
		assert.True(t, ok, m.Name)
	}
}
