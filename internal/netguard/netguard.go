package netguard

import "net/netip"

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

// Special says what kind of address it is that nobody's target should be: one of this
// machine, of its link, or of the cloud that runs it. "" for all others.
func Special(a netip.Addr) string {
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

// carrier is the network between a carrier and its customers (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// Private is Special, and refuses the private networks of organisations as well.
func Private(a netip.Addr) string {
	switch what := Special(a); {
	case what != "":
		return what
	case a.IsPrivate(), carrier.Contains(a):
		return "private"
	}
	return ""
}

// Refusal says what an address is that may not be connected to, "" if it may: by a rule,
// unless a prefix allows it. IPv6 addresses that a gateway turns into IPv4 are looked
// through.
func Refusal(addr netip.Addr, allow []netip.Prefix, rule func(netip.Addr) string) string {
	addr = addr.Unmap().WithZone("")
	within := func(addr netip.Addr) bool {
		for _, a := range allow {
			if a.Contains(addr) {
				return true
			}
		}
		return false
	}
	if within(addr) {
		return ""
	}
	if what := rule(addr); what != "" {
		return what
	}
	if v4, ok := embedded(addr); ok && !within(v4) {
		if what := rule(v4); what != "" {
			return what + " (inside IPv6)"
		}
	}
	return ""
}
