package querylog

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Version of the messages.
const Version = 1

// What a node sends at most, whatever is asked of it.
const (
	DefaultRate = 100 // records a second
	MostRate    = 500
	// MostRecords bounds one answer: some 250 octets each, far from the bus's 1 MiB.
	MostRecords = 1000
)

// Ask is how control asks a resolver for what it has seen since it was asked last with
// the same ID. The first one begins the tail; when none comes for a while it ends.
type Ask struct {
	Version int    `json:"v"`
	ID      string `json:"id"`
	Filter  Filter `json:"filter"`
	Rate    int    `json:"rate"`            // records a second
	Whole   bool   `json:"whole,omitempty"` // addresses of clients, not their networks
}

// Answer is what the resolver has seen.
type Answer struct {
	Version int           `json:"v"`
	Records []LoggedQuery `json:"records"`
	Dropped uint64        `json:"dropped,omitempty"` // passed the filter and are not in Records, for there were too many
	Refused string        `json:"refused,omitempty"` // why it does not show queries
}

// Encode gives a message its wire form.
func Encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode query log message: %v", err)) // plain data always encodes
	}
	return b
}

// DecodeAsk reads what control asks, and what it comes to.
func DecodeAsk(b []byte) (Ask, Match, error) {
	var a Ask
	if err := json.Unmarshal(b, &a); err != nil {
		return a, Match{}, fmt.Errorf("read question for queries: %w", err)
	}
	switch {
	case a.Version != Version:
		return a, Match{}, fmt.Errorf("read question for queries: version %d; upgrade this node", a.Version)
	case a.ID == "" || len(a.ID) > 64:
		return a, Match{}, fmt.Errorf("read question for queries: no id")
	}
	a.Rate = min(max(a.Rate, 1), MostRate)
	m, err := a.Filter.Compile()
	if err != nil {
		return a, m, fmt.Errorf("read question for queries: %w", err)
	}
	return a, m, nil
}

// DecodeAnswer reads what a node tells. A node's credential may be stolen: nothing in a
// record is more than text for people, and all of it is bounded and clean.
func DecodeAnswer(node string, b []byte) (Answer, error) {
	var a Answer
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("read queries of node %q: %w", node, err)
	}
	if a.Version != Version || len(a.Records) > MostRecords {
		return a, fmt.Errorf("read queries of node %q: version %d with %d records", node, a.Version, len(a.Records))
	}
	a.Refused = clean(a.Refused, 200)
	for i := range a.Records {
		r := &a.Records[i]
		r.Node = node
		for text, most := range map[*string]int{&r.Name: 1024, &r.Type: 16, &r.Rcode: 16, &r.Domain: 255, &r.Line: 255, &r.Pool: 255, &r.Address: 255} {
			*text = clean(*text, most)
		}
		if r.Transport != "tcp" {
			r.Transport = "udp"
		}
		r.Client, r.ECS = place(r.Client), place(r.ECS)
		r.Size, r.Scope, r.Took = min(max(r.Size, 0), 65535), min(max(r.Scope, 0), 128), max(r.Took, 0)
		if y := r.Time.Year(); y < 2000 || y > 9999 { // JSON cannot hold more
			r.Time = time.Time{}
		}
	}
	return a, nil
}

// clean leaves no octet that a terminal would obey.
func clean(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == utf8.RuneError || r >= 0x80 && r < 0xA0 {
			return '?'
		}
		return r
	}, s)
}

// place lets addresses and networks pass.
func place(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.WithZone("").String()
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.String()
	}
	return ""
}
