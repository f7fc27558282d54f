package line

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// u128 is an address as a number. IPv4 addresses are in the low 32 bits.
type u128 struct{ hi, lo uint64 }

func fromAddr(a netip.Addr) u128 {
	if a.Is4() {
		b := a.As4()
		return u128{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return u128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (x u128) addr(v4 bool) netip.Addr {
	if v4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(x.lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], x.hi)
	binary.BigEndian.PutUint64(b[8:], x.lo)
	return netip.AddrFrom16(b)
}

func (x u128) cmp(y u128) int {
	switch {
	case x.hi < y.hi || x.hi == y.hi && x.lo < y.lo:
		return -1
	case x == y:
		return 0
	}
	return 1
}

func (x u128) less(y u128) bool { return x.hi < y.hi || x.hi == y.hi && x.lo < y.lo }

func (x u128) next() u128 {
	lo, c := bits.Add64(x.lo, 1, 0)
	return u128{x.hi + c, lo}
}

func (x u128) prev() u128 {
	lo, b := bits.Sub64(x.lo, 1, 0)
	return u128{x.hi - b, lo}
}

func (x u128) sub(y u128) u128 {
	lo, b := bits.Sub64(x.lo, y.lo, 0)
	hi, _ := bits.Sub64(x.hi, y.hi, b)
	return u128{hi, lo}
}

// common returns how many leading bits of width-bit numbers agree.
func common(x, y u128, width int) int {
	n := bits.LeadingZeros64(x.hi ^ y.hi)
	if n == 64 {
		n += bits.LeadingZeros64(x.lo ^ y.lo)
	}
	return n - (128 - width)
}

// lastOf returns the last address of a masked prefix.
func lastOf(p netip.Prefix) u128 {
	x := fromAddr(p.Addr())
	host := p.Addr().BitLen() - p.Bits()
	if host >= 64 {
		if host < 128 {
			x.hi |= 1<<(host-64) - 1
		} else {
			x.hi = ^uint64(0)
		}
		x.lo = ^uint64(0)
		return x
	}
	x.lo |= 1<<host - 1
	return x
}

// unmapped gives the form in which addresses are looked up: no zone, and IPv4
// rather than IPv4-mapped.
func unmapped(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// special lists the special-purpose blocks: addresses that name no place on the
// Internet (RFC 6890 and its registries, RFC 1918, 4193, 5737, 3849, 9637, 9602;
// multicast and reserved space too, since no client can be there). Blocks do not
// nest. ::/64 stands for :: and ::1, whose neighbours are never assigned, so that
// IPv6 ranges begin at /64 boundaries. 64:ff9b::/96 is missing on purpose: behind NAT64 a client is a client.
var special = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
		"::/64", "64:ff9b:1::/48", "100::/64", "2001:2::/48", "2001:db8::/32", "3fff::/20", "5f00::/16",
		"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// Special returns the special-purpose block that holds a, if any.
func Special(a netip.Addr) (netip.Prefix, bool) {
	a = unmapped(a)
	for _, p := range special {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}
