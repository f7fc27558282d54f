package check

import (
	"fmt"
	"net/netip"
)

// Policy says which addresses may be probed. Those who may edit targets are not
// those who run the prober's machine: without a policy a probe with send, expect
// and redirects could ask the machine's own services and the cloud's credentials.
type Policy struct {
	// Allow lists prefixes that are exempt from the refusals.
	Allow []netip.Prefix
}

// DeniedError tells which address the policy refused and why.
type DeniedError struct {
	Addr netip.Addr
	What string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%v is a %s address; start the prober with --probe-allow to probe it", e.Addr, e.What)
}

// metadata lists the addresses at which clouds give credentials to their machines,
// besides the link-local 169.254.0.0/16 where most of them are.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("169.254.169.254"): true,
	netip.MustParseAddr("169.254.170.2"):   true, // container credentials
	netip.MustParseAddr("fd00:ec2::254"):   true,
	netip.MustParseAddr("fd00:ec2::23"):    true,
	netip.MustParseAddr("fd20:ce::254"):    true,
	netip.MustParseAddr("100.100.100.200"): true,
	netip.MustParseAddr("168.63.129.16"):   true,
	netip.MustParseAddr("192.0.0.192"):     true,
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.MustParseAddr("255.255.255.255")
	// Forms of IPv6 that a gateway turns into an IPv4 address: RFC 6052 §2.1 and
	// RFC 8215 (NAT64), RFC 3056 (6to4), RFC 4291 §2.5.5.1 (IPv4-compatible).
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
)

// Check returns a *DeniedError for an address that may not be probed. The address
// must be the one that is connected to, after names and redirects.
func (p Policy) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, a := range p.Allow {
		if a.Contains(addr) {
			return nil
		}
	}
	if what := refusal(addr); what != "" {
		return &DeniedError{addr, what}
	}
	if v4, ok := embedded(addr); ok {
		for _, a := range p.Allow {
			if a.Contains(v4) {
				return nil
			}
		}
		if what := refusal(v4); what != "" {
			return &DeniedError{addr, what + " (inside IPv6)"}
		}
	}
	return nil
}

func refusal(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "missing"
	case metadata[a]:
		return "cloud metadata"
	case a.IsUnspecified(), thisNetwork.Contains(a):
		return "unspecified"
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsMulticast():
		return "multicast"
	case a == broadcast:
		return "broadcast"
	}
	return ""
}

func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case a.Is4():
		return netip.Addr{}, false
	case nat64.Contains(a), compatible.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
