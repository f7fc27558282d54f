package querylog

import (
	"net/netip"
	"time"
)

// LoggedQuery is one query and what was answered. It is a line of a query log's file and an
// event of a live tail.
type LoggedQuery struct {
	Time      time.Time `json:"time" doc:"When it was answered, by the node's clock."`
	Node      string    `json:"node,omitempty"`
	Transport string    `json:"transport" enum:"udp,tcp"`
	Client    string    `json:"client" doc:"Who asked, in general a recursive resolver: its network (/24 or /48), or its address where those were asked for."`
	ECS       string    `json:"ecs,omitempty" doc:"Client subnet that the query told (RFC 7871), no longer than /24 or /48 unless addresses were asked for."`
	Scope     int       `json:"scope,omitempty" doc:"Scope of the answer to that."`
	Name      string    `json:"name" doc:"Empty when the query could not be read."`
	Type      string    `json:"type,omitempty"`
	Rcode     string    `json:"rcode"`
	Domain    string    `json:"domain,omitempty" doc:"Access domain that answered, NAME/TYPE; absent for ordinary records."`
	Line      string    `json:"line,omitempty" doc:"The client's line there."`
	Pool      string    `json:"pool,omitempty" doc:"Absent when the access domain had no answer."`
	Address   string    `json:"address,omitempty" doc:"The first one of the answer."`
	Size      int       `json:"size" doc:"Of the answer, in octets."`
	Took      int64     `json:"took_us" doc:"Microseconds from when its batch was taken from the socket to its answer."`
}

// Network is the block as which a client is shown: a /24 or a /48, about one site, and
// what recursive resolvers tell of a client (RFC 7871 §11.1).
func Network(a netip.Addr) netip.Prefix {
	bits := 48
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // of the zero Addr: the zero Prefix
	return p
}

// Client is how a client is told of.
func Client(a netip.Addr, whole bool) string {
	switch {
	case !a.IsValid():
		return ""
	case whole:
		return a.Unmap().WithZone("").String()
	}
	return Network(a).String()
}

// Subnet is how the subnet of a query is told of.
func Subnet(p netip.Prefix, whole bool) string {
	switch {
	case !p.IsValid():
		return ""
	case whole:
		return p.String()
	}
	if n := Network(p.Addr()); n.Bits() < p.Bits() {
		return n.String()
	}
	return p.String()
}
