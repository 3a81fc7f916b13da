package awssim

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// validCIDR accepts an IPv4 block written by its network address, as the provider does.
func validCIDR(value any) error {
	s := value.(string)
	prefix, err := netip.ParsePrefix(s)
	if err != nil || !prefix.Addr().Is4() {
		return fmt.Errorf("%q is not a valid IPv4 CIDR block", s)
	}
	if prefix.Masked() != prefix {
		return fmt.Errorf("%q is not a valid IPv4 CIDR block; did you mean %q?", s, prefix.Masked())
	}
	return nil
}

func validIPv4(value any) error {
	addr, err := netip.ParseAddr(value.(string))
	if err != nil || !addr.Is4() {
		return fmt.Errorf("%q is not a valid IPv4 address", value)
	}
	return nil
}

func within(lowest, highest int) func(any) error {
	return func(value any) error {
		if n := int(value.(float64)); n < lowest || n > highest {
			return fmt.Errorf("%d is not between %d and %d", n, lowest, highest)
		}
		return nil
	}
}

// contains reports whether all of inner lies in outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// size is the number of addresses in an IPv4 block.
func size(prefix netip.Prefix) int { return 1 << (32 - prefix.Bits()) }

// nth is the block's address at an offset.
func nth(prefix netip.Prefix, offset int) netip.Addr {
	base := prefix.Addr().As4()
	var out [4]byte
	binary.BigEndian.PutUint32(out[:], binary.BigEndian.Uint32(base[:])+uint32(offset))
	return netip.AddrFrom4(out)
}

// offset is an address's place in its block.
func offset(prefix netip.Prefix, addr netip.Addr) int {
	base, at := prefix.Addr().As4(), addr.As4()
	return int(binary.BigEndian.Uint32(at[:]) - binary.BigEndian.Uint32(base[:]))
}
