package dnswire

import (
	"encoding/binary"
	"net/netip"
)

// Address families of ECS (RFC 7871 §6).
const (
	FamilyNone uint16 = 0
	FamilyIPv4 uint16 = 1
	FamilyIPv6 uint16 = 2
)

// ECS is the client subnet option of a query (RFC 7871). It is checked: family,
// length and address agree, and no bit behind the source length is set.
type ECS struct {
	Present bool
	Family  uint16 // FamilyIPv4 or FamilyIPv6; FamilyNone only with Source 0
	Source  uint8  // source prefix length in bits

	addr [16]byte
}

func (e *ECS) reset() { *e = ECS{} }

// Prefix returns the client's subnet. It reports false when the option is
// absent or says nothing of the client (source length 0, RFC 7871 §7.1.2).
func (e *ECS) Prefix() (netip.Prefix, bool) {
	if !e.Present || e.Source == 0 {
		return netip.Prefix{}, false
	}
	if e.Family == FamilyIPv4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(e.addr[:4])), int(e.Source)), true
	}
	return netip.PrefixFrom(netip.AddrFrom16(e.addr), int(e.Source)), true
}

// octets is the length of the address field: as few as hold the source length.
func (e *ECS) octets() int { return (int(e.Source) + 7) / 8 }

// parseAdditional reads count records at off; they must end the message.
func (q *Query) parseAdditional(msg []byte, off, count int) Rcode {
	opt := -1
	for range count {
		start := off
		var typ uint16
		var fixed int
		if off, typ, fixed = skipRecord(msg, off); off < 0 {
			return FormErr
		}
		if typ != TypeOPT {
			continue // TSIG and SIG(0) included: RFC 8945 §5.1 applies to servers that know keys
		}
		// RFC 6891 §6.1.1: more than one is FORMERR; §6.1.2: owned by the root.
		if opt >= 0 || msg[start] != 0 {
			return FormErr
		}
		opt = fixed
	}
	if off != len(msg) {
		return FormErr // octets that no section counts
	}
	if opt < 0 {
		return NoError
	}
	return q.parseOPT(msg, opt)
}

// parseOPT reads the OPT record whose fixed part is at off; its length is
// already known to lie inside msg.
func (q *Query) parseOPT(msg []byte, off int) Rcode {
	q.EDNS = true
	q.UDPSize = binary.BigEndian.Uint16(msg[off+2:])
	q.DO = binary.BigEndian.Uint16(msg[off+6:])&flagDO != 0
	if msg[off+5] != 0 {
		return BadVers // RFC 6891 §6.1.3; the options of another version mean nothing to us
	}
	opts := msg[off+10:]
	opts = opts[:binary.BigEndian.Uint16(msg[off+8:])]
	for len(opts) > 0 {
		if len(opts) < 4 {
			return FormErr
		}
		code, n := binary.BigEndian.Uint16(opts), int(binary.BigEndian.Uint16(opts[2:]))
		if 4+n > len(opts) {
			return FormErr
		}
		// Unknown options are ignored (RFC 6891 §6.1.2).
		if code == optionECS && !q.ECS.parse(opts[4:4+n]) {
			return FormErr
		}
		opts = opts[4+n:]
	}
	return NoError
}

// parse reads the option's data and reports whether it is right (RFC 7871 §6,
// §7.1.1). A second option is a fault, since the answer can fit only one.
func (e *ECS) parse(b []byte) bool {
	if e.Present || len(b) < 4 {
		return false
	}
	e.Family, e.Source = binary.BigEndian.Uint16(b), b[2]
	if b[3] != 0 {
		return false // §6: the scope is 0 in queries
	}
	switch {
	case e.Family == FamilyIPv4 && e.Source <= 32:
	case e.Family == FamilyIPv6 && e.Source <= 128:
	case e.Family == FamilyNone && e.Source == 0: // older dig +subnet=0 asks so
	default:
		return false
	}
	addr := b[4:]
	if len(addr) != e.octets() {
		return false
	}
	if rest := e.Source % 8; rest != 0 && addr[len(addr)-1]<<rest != 0 {
		return false // §6: bits behind the source length must be 0
	}
	copy(e.addr[:], addr)
	e.Present = true
	return true
}
