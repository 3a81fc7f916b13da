package awssim

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A reserved address goes to nobody who asks for any; without the reservation somebody gets it.
func TestAddressPool_Reservation(t *testing.T) {
	fixed := netip.MustParseAddr("10.0.0.10")
	for _, kept := range []bool{false, true} {
		pool := newSubnetPool(netip.MustParsePrefix("10.0.0.0/28"))
		if kept {
			pool.kept["scr-1"] = netip.MustParsePrefix("10.0.0.10/32")
		}
		allocated := 0
		for owner := 0; ; owner++ {
			if _, ok := pool.take(fmt.Sprint(owner)); !ok {
				break
			}
			allocated++
		}
		if kept {
			assert.Empty(t, pool.taken[fixed])
			assert.Equal(t, 10, allocated)
			continue
		}
		assert.NotEmpty(t, pool.taken[fixed])
		assert.Equal(t, 11, allocated, "16 but the first four and the last")
	}
}
