package querylog

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/traffic"
)

// MostEvery bounds 1 in N: beyond it nothing would ever come.
const MostEvery = 1_000_000

// Filter says which queries somebody wants to see. Empty fields let all pass.
type Filter struct {
	Name   string `json:"name,omitempty"`   // one name, or *.example.com for all below it
	Client string `json:"client,omitempty"` // network or address: of the subnet that the query told, else of who asked
	Line   string `json:"line,omitempty"`   // the client's line at the access domain
	Type   string `json:"type,omitempty"`
	Rcode  string `json:"rcode,omitempty"`
	Every  uint32 `json:"every,omitempty"` // one in so many of those that pass; 0 and 1 are all
}

// Match is a filter in the form that is compared with queries.
type Match struct {
	Name   []byte // wire form, lower case; nil: any
	Below  bool   // any name below Name, not Name itself
	Client netip.Prefix
	Line   string
	Type   uint16 // 0: any
	Rcode  int    // -1: any
	Every  uint32 // at least 1
}

// FieldError is what is wrong with a filter.
type FieldError struct{ Field, Text string }

func (e *FieldError) Error() string { return e.Field + " " + e.Text }

// Compile checks a filter and gives it its other form. The error is a *FieldError.
func (f Filter) Compile() (Match, error) {
	m := Match{Rcode: -1, Line: f.Line, Every: max(1, f.Every)}
	if f.Name != "" {
		name, below := strings.CutPrefix(f.Name, "*.")
		wire, err := rr.PackName(strings.TrimSuffix(name, ".") + ".")
		if err != nil {
			return m, &FieldError{"name", "must be a name, like www.example.com, or *.example.com for all below one"}
		}
		m.Name, m.Below = wire, below
	}
	if f.Client != "" {
		p, err := traffic.ParsePrefix(f.Client)
		if err != nil {
			return m, &FieldError{"client", "must be a network, like 198.51.100.0/24, or an address"}
		}
		m.Client = p.Masked()
	}
	if len(f.Line) > 255 {
		return m, &FieldError{"line", "must be a line, like cn"}
	}
	if f.Type != "" {
		t, ok := rr.TypeNumber(f.Type)
		if !ok || t == 0 {
			if !strings.EqualFold(f.Type, "ANY") {
				return m, &FieldError{"type", "must be a record type, like AAAA or TYPE65"}
			}
			t = 255
		}
		m.Type = t
	}
	if f.Rcode != "" {
		c, ok := RcodeNumber(f.Rcode)
		if !ok {
			return m, &FieldError{"rcode", "must be a response code, like NXDOMAIN or RCODE11"}
		}
		m.Rcode = int(c)
	}
	if f.Every > MostEvery {
		return m, &FieldError{"every", fmt.Sprintf("must be 1 to %d", MostEvery)}
	}
	return m, nil
}

// rcodes are the response codes by number (IANA's list, those of RFC 1035, 2136 and 6891).
var rcodes = []string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", 16: "BADVERS", 23: "BADCOOKIE"}

// RcodeText is the name of a response code.
func RcodeText(c uint16) string {
	if int(c) < len(rcodes) && rcodes[c] != "" {
		return rcodes[c]
	}
	return "RCODE" + strconv.Itoa(int(c))
}

// RcodeNumber reads what RcodeText writes, in any letter case.
func RcodeNumber(s string) (uint16, bool) {
	s = strings.ToUpper(s)
	for i, n := range rcodes {
		if n != "" && n == s {
			return uint16(i), true
		}
	}
	digits, ok := strings.CutPrefix(s, "RCODE")
	n, err := strconv.ParseUint(digits, 10, 12) // 12 bits with EDNS (RFC 6891 §6.1.3)
	return uint16(n), ok && err == nil
}
