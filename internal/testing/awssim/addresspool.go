package awssim

import (
	"net/netip"
)

// addressPool allocates addresses of one or more blocks. Allocations are named, so that the same program gets the same
// addresses in every order of creation.
type addressPool struct {
	blocks []netip.Prefix
	// skipFirst and skipLast addresses of each block are never allocated.
	skipFirst, skipLast int
	// kept are ranges whose addresses are allocated only to those that request one, by the reservation's ID.
	kept  map[string]netip.Prefix
	taken map[netip.Addr]string
}

// newPublicPool allocates the documentation blocks of RFC 5737 first and, when an account is that large, the benchmark
// block of RFC 2544: none of them is ever routed on the internet. 192.0.2.0/24 is left for hosts outside AWS.
func newPublicPool() *addressPool {
	return &addressPool{
		blocks: []netip.Prefix{
			netip.MustParsePrefix("203.0.113.0/24"),
			netip.MustParsePrefix("198.51.100.0/24"),
			netip.MustParsePrefix("198.18.0.0/15"),
		},
		skipFirst: 1, skipLast: 1, taken: map[netip.Addr]string{},
	}
}

// newSubnetPool allocates a subnet's addresses. AWS reserves the first four and the last one
// (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
func newSubnetPool(block netip.Prefix) *addressPool {
	return &addressPool{
		blocks: []netip.Prefix{block}, skipFirst: 4, skipLast: 1, kept: map[string]netip.Prefix{}, taken: map[netip.Addr]string{},
	}
}

// take reserves an address for an owner; ok is false when none is left. It may be any, a low one too: as AWS does, it takes no
// account of those that are requested later.
func (p *addressPool) take(owner string) (addr netip.Addr, ok bool) {
	for _, block := range p.blocks {
		// A place that depends on the owner's name.
		width := size(block) - p.skipFirst - p.skipLast
		start := spread(owner, width)
		for i := range width {
			addr := nth(block, p.skipFirst+(start+i)%width)
			if _, used := p.taken[addr]; !used && !p.keeps(addr) {
				p.taken[addr] = owner
				return addr, true
			}
		}
	}
	return netip.Addr{}, false
}

// keeps reports whether a reservation holds the address.
func (p *addressPool) keeps(addr netip.Addr) bool {
	for _, block := range p.kept {
		if block.Contains(addr) {
			return true
		}
	}
	return false
}

func (p *addressPool) release(addr netip.Addr) { delete(p.taken, addr) }

// reserved reports whether AWS reserves the address.
func (p *addressPool) reserved(addr netip.Addr) bool {
	for _, block := range p.blocks {
		if block.Contains(addr) {
			at := offset(block, addr)
			return at < p.skipFirst || at >= size(block)-p.skipLast
		}
	}
	return false
}
