package rr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// maxName is the wire length limit of a name in octets (RFC 1035 §2.3.4).
const maxName = 255

// PackName turns a fully qualified name into lower-cased wire form.
func PackName(name string) ([]byte, error) {
	if name == "" {
		return nil, errors.New("the name is empty")
	}
	if !dns.IsFqdn(name) {
		return nil, fmt.Errorf("%q must end with a dot", name)
	}
	buf := make([]byte, maxName+1)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil || n > maxName {
		return nil, fmt.Errorf("%q is not a domain name: labels are 1 to 63 octets, all of it at most 255", name)
	}
	buf = buf[:n:n]
	for i, c := range buf {
		if 'A' <= c && c <= 'Z' { // length octets are below 'A'
			buf[i] = c + 'a' - 'A'
		}
	}
	return buf, nil
}

// NameText turns a wire name into text with a trailing dot; octets that are not
// printable come out as \DDD. It returns "?" when b is no wire name.
func NameText(b []byte) string {
	s, n, err := dns.UnpackDomainName(b, 0)
	if err != nil || n != len(b) {
		return "?"
	}
	return s
}

// TypeText returns a type's mnemonic, or TYPE and the number (RFC 3597 §5).
func TypeText(t uint16) string { return dns.Type(t).String() }

// TypeNumber returns the number of a mnemonic or of TYPEnnn, in any letter case,
// and false when it names no type that a zone can hold.
func TypeNumber(s string) (uint16, bool) {
	s = strings.ToUpper(s)
	t, ok := dns.StringToType[s]
	if !ok {
		var n int
		if c, err := fmt.Sscanf(s, "TYPE%d", &n); c != 1 || err != nil || n > 65535 || s != fmt.Sprintf("TYPE%d", n) {
			return 0, false
		}
		t = uint16(n)
	}
	// RFC 6895 §3.1: 0, OPT and 128 to 255 are not data.
	if t == 0 || t == dns.TypeOPT || t >= 128 && t <= 255 {
		return 0, false
	}
	return t, true
}
