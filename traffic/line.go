package traffic

import (
	"net/netip"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// Line is a custom line: a named set of clients given by their networks.
type Line struct {
	Name  string   `json:"name"`
	CIDRs []string `json:"cidrs" doc:"Networks, IPv4 and IPv6." minItems:"1"`
	Meta
}

// Key implements Object.
func (l *Line) Key() Key { return Key{KindLine, l.Name} }

// Normalize implements Object.
func (l *Line) Normalize() {
	l.Meta.normalize()
	for i, c := range l.CIDRs {
		if p, err := ParsePrefix(c); err == nil && p.String() != c {
			l.CIDRs[i] = p.String()
		}
	}
}

// ParsePrefix reads a network in CIDR form, or a bare address as the network of
// that one address.
func ParsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// maxCIDRs bounds one custom line. Larger lists belong in the location data.
const maxCIDRs = 100_000

// Check implements Object.
func (l *Line) Check(r *Report) {
	l.Meta.check(r)
	if err := checkObjectName(l.Name); err != nil {
		r.Errorf("name", "invalid_name", "%v", err)
	} else if reserved(l.Name) {
		r.Errorf("name", "reserved", "%q is a built-in line; choose another name", l.Name)
	}
	if len(l.CIDRs) == 0 {
		r.Errorf("cidrs", "required", "is empty; give at least one network, like 198.51.100.0/24")
	}
	if len(l.CIDRs) > maxCIDRs {
		r.Errorf("cidrs", "too_many", "has %d networks; a line has at most %d", len(l.CIDRs), maxCIDRs)
		return
	}
	seen := map[netip.Prefix]bool{}
	for i, c := range l.CIDRs {
		p, err := ParsePrefix(c)
		switch {
		case err != nil:
			r.Errorf(index("cidrs", i), "invalid_cidr", "%q is not a network; write it like 198.51.100.0/24 or 2001:db8::/48", c)
		case p.Addr().Is4In6():
			r.Errorf(index("cidrs", i), "invalid_cidr", "%q is an IPv4 network in IPv6 form; write it as IPv4", c)
		case p != p.Masked():
			r.Errorf(index("cidrs", i), "host_bits", "%q has bits set behind the prefix length; did you mean %s?", c, p.Masked())
		case seen[p]:
			r.Errorf(index("cidrs", i), "duplicate", "%q stands twice; remove one", c)
		}
		seen[p] = true
	}
}

// reserved tells whether a name means a built-in line, by its code or by an alias.
func reserved(name string) bool {
	if _, ok := line.Lookup(name); ok {
		return true
	}
	_, ok := line.Canonical(name)
	return ok
}

// Refs implements Object.
func (l *Line) Refs(func(Key, string)) {}

// Prefixes returns the networks of a checked line.
func (l *Line) Prefixes() []netip.Prefix {
	out := make([]netip.Prefix, 0, len(l.CIDRs))
	for _, c := range l.CIDRs {
		if p, err := ParsePrefix(c); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}
