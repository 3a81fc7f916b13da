package awssim

import (
	"net/netip"
)

// addressPool hands out addresses of one or more blocks. What asks for an address is named, so that the same program
// gets the same addresses whatever order it runs in.
type addressPool struct {
	blocks []netip.Prefix
	// skipFirst and skipLast addresses of each block are never handed out.
	skipFirst, skipLast int
	// prefer leaves that many further low addresses of each block for resources that ask for a fixed one.
	prefer int
	taken  map[netip.Addr]string
}

// newPublicPool hands out the documentation blocks of RFC 5737 first and, when an account is that large, the benchmark
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

// newSubnetPool hands out a subnet's addresses. AWS keeps the first four and the last one
// (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
func newSubnetPool(block netip.Prefix) *addressPool {
	// Fixed addresses are usually low ones; AWS would hand those out by chance, which no rehearsal needs to repeat.
	return &addressPool{blocks: []netip.Prefix{block}, skipFirst: 4, skipLast: 1, prefer: 32, taken: map[netip.Addr]string{}}
}

// take reserves an address for an owner; ok is false when none is left.
func (p *addressPool) take(owner string) (addr netip.Addr, ok bool) {
	for _, block := range p.blocks {
		first, last := p.skipFirst, size(block)-p.skipLast // last is exclusive
		comfortable := min(first+p.prefer, last-1)
		if addr, ok = p.probe(block, owner, comfortable, last); !ok {
			addr, ok = p.probe(block, owner, first, comfortable)
		}
		if ok {
			p.taken[addr] = owner
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// probe looks for a free address from a place that depends on the owner's name on.
func (p *addressPool) probe(block netip.Prefix, owner string, from, to int) (netip.Addr, bool) {
	width := to - from
	start := spread(owner, width)
	for i := range width {
		addr := nth(block, from+(start+i)%width)
		if _, used := p.taken[addr]; !used {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func (p *addressPool) release(addr netip.Addr) { delete(p.taken, addr) }

// reserved says whether AWS keeps the address for itself.
func (p *addressPool) reserved(addr netip.Addr) bool {
	for _, block := range p.blocks {
		if block.Contains(addr) {
			at := offset(block, addr)
			return at < p.skipFirst || at >= size(block)-p.skipLast
		}
	}
	return false
}
