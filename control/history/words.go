package history

import (
	"strconv"

	"github.com/miekg/dns"
)

// TypeText is the name of a query type, "other" for those that are not told apart.
func TypeText(t uint16) string {
	if t == 0 {
		return "other"
	}
	if s, ok := dns.TypeToString[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// RcodeText is the name of a response code.
func RcodeText(r uint16) string {
	if r == dns.RcodeBadVers { // the same number as BADSIG, which nobody sends here
		return "BADVERS"
	}
	if s, ok := dns.RcodeToString[int(r)]; ok {
		return s
	}
	return "RCODE" + strconv.Itoa(int(r))
}
