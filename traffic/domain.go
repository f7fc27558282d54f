package traffic

import (
	"encoding/json"
	"strings"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// What an access domain does for clients that no available member's lines match.
const (
	UnmatchedFallback = "fallback"
	UnmatchedNoData   = "nodata"
)

// What an access domain answers when nothing is available.
const (
	AllDownServe  = "serve_all"
	AllDownNoData = "nodata"
)

// AccessDomain is a name that Meridian steers, for one record type.
type AccessDomain struct {
	Name string `json:"name" doc:"Full name; its zone must be hosted here. May be a wildcard."`
	Type string `json:"type" enum:"A,AAAA,CNAME"`
	TTL  uint32 `json:"ttl" doc:"TTL of answers, seconds." default:"60" minimum:"1" maximum:"86400"`
	Steering
	Unmatched string       `json:"unmatched" enum:"fallback,nodata" default:"fallback"`
	AllDown   string       `json:"all_down" enum:"serve_all,nodata" default:"serve_all"`
	Pools     []PoolMember `json:"pools"`
	Meta
}

// PoolMember links a pool into an access domain.
type PoolMember struct {
	Pool string `json:"pool"`
	Link
}

// UnmarshalJSON sets the defaults before it reads.
func (m *PoolMember) UnmarshalJSON(b []byte) error {
	type plain PoolMember
	p := plain{Link: defaultLink()}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*m = PoolMember(p)
	return nil
}

// defaultAccessDomain: 60 s, the model product's default TTL, is what resolvers
// keep without stretching and still lets a failover be seen within a minute.
func defaultAccessDomain() *AccessDomain {
	return &AccessDomain{Type: "A", TTL: 60, Steering: Steering{Policy: Sequential},
		Unmatched: UnmatchedFallback, AllDown: AllDownServe, Meta: Meta{Enabled: true}}
}

// UnmarshalJSON sets the defaults before it reads.
func (d *AccessDomain) UnmarshalJSON(b []byte) error {
	type plain AccessDomain
	p := plain(*defaultAccessDomain())
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*d = AccessDomain(p)
	return nil
}

// Key implements Object: NAME/TYPE.
func (d *AccessDomain) Key() Key { return Key{KindAccessDomain, d.Name + "/" + d.Type} }

// Normalize implements Object.
func (d *AccessDomain) Normalize() {
	d.Meta.normalize()
	if c, err := CanonicalName(d.Name); err == nil {
		d.Name = c
	}
	d.Type = strings.ToUpper(d.Type)
	d.Steering.normalize()
	if d.Pools == nil {
		d.Pools = []PoolMember{}
	}
	for i := range d.Pools {
		d.Pools[i].Link.normalize(i)
	}
}

// Check implements Object.
func (d *AccessDomain) Check(r *Report) {
	d.Meta.check(r)
	checkSteered(r, d.Name, d.Type)
	// RFC 2181 §8 allows 31 bits; more than a day defeats steering. 0 is refused since
	// it moves the whole load of every cache onto the resolvers.
	if d.TTL < 1 || d.TTL > 86400 {
		r.Errorf("ttl", "out_of_range", "is %d; use 1 to 86400 seconds", d.TTL)
	}
	d.Steering.check(r)
	if d.Unmatched != UnmatchedFallback && d.Unmatched != UnmatchedNoData {
		r.Errorf("unmatched", "invalid_value", "is %q; use fallback or nodata", d.Unmatched)
	}
	if d.AllDown != AllDownServe && d.AllDown != AllDownNoData {
		r.Errorf("all_down", "invalid_value", "is %q; use serve_all or nodata", d.AllDown)
	}
	if d.Unmatched == UnmatchedNoData && d.Policy == Proximity {
		r.Warnf("unmatched", "shared_nodata", "is nodata: a resolver may share one client's NODATA with everyone behind it (RFC 7871 §7.4)")
	}
	if len(d.Pools) > maxMembers {
		r.Errorf("pools", "too_many", "has %d pools; an access domain has at most %d", len(d.Pools), maxMembers)
		return
	}
	seen := map[string]bool{}
	for i := range d.Pools {
		m := &d.Pools[i]
		r.In(index("pools", i), func() {
			if m.Pool == "" {
				r.Errorf("pool", "required", "is missing; name a pool")
			} else if seen[m.Pool] {
				r.Errorf("pool", "duplicate", "%q is a member already; remove one", m.Pool)
			}
			m.Link.check(r)
		})
		seen[m.Pool] = true
	}
}

// checkSteered holds the two parts of an access domain's key.
func checkSteered(r *Report, name, typ string) {
	if _, err := CanonicalName(name); err != nil {
		r.Errorf("name", "invalid_name", "%q %v", name, err)
	}
	switch typ {
	case "A", "AAAA", "CNAME":
	default:
		r.Errorf("type", "invalid_value", "is %q; use A, AAAA or CNAME", typ)
	}
}

// Refs implements Object. The zone is found by name, so it is a check of the Draft.
func (d *AccessDomain) Refs(f func(Key, string)) {
	for i := range d.Pools {
		field := index("pools", i)
		f(Key{KindPool, d.Pools[i].Pool}, field+".pool")
		d.Pools[i].Link.refs(f, field)
	}
}

// Assertion is a stored expectation that every change is checked against.
type Assertion struct {
	Name   string `json:"name" doc:"Access domain."`
	Type   string `json:"type" enum:"A,AAAA,CNAME" default:"A"`
	Line   string `json:"line" doc:"Line of the client, default is \"default\"."`
	Expect Expect `json:"expect"`
	Meta
}

// Expect is what an assertion wants: the pools or the addresses that may be answered
// when every address is available.
type Expect struct {
	Pool    string `json:"pool,omitempty"`
	Address string `json:"address,omitempty"`
}

func defaultAssertion() *Assertion {
	return &Assertion{Type: "A", Line: "default", Meta: Meta{Enabled: true}}
}

// UnmarshalJSON sets the defaults before it reads.
func (a *Assertion) UnmarshalJSON(b []byte) error {
	type plain Assertion
	p := plain(*defaultAssertion())
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*a = Assertion(p)
	return nil
}

// Key implements Object.
func (a *Assertion) Key() Key { return Key{KindAssertion, a.Name + "/" + a.Type + "@" + a.Line} }

// Normalize implements Object.
func (a *Assertion) Normalize() {
	a.Meta.normalize()
	if c, err := CanonicalName(a.Name); err == nil {
		a.Name = c
	}
	a.Type = strings.ToUpper(a.Type)
	if a.Line == "" {
		a.Line = "default"
	}
	if c, ok := line.Canonical(a.Line); ok {
		a.Line = c
	}
}

// Check implements Object.
func (a *Assertion) Check(r *Report) {
	a.Meta.check(r)
	checkSteered(r, a.Name, a.Type)
	if (a.Expect.Pool == "") == (a.Expect.Address == "") {
		r.Errorf("expect", "required", "needs either pool or address; give exactly one")
	}
}

// Refs implements Object.
func (a *Assertion) Refs(f func(Key, string)) {
	f(Key{KindAccessDomain, a.Name + "/" + a.Type}, "name")
	if a.Expect.Pool != "" {
		f(Key{KindPool, a.Expect.Pool}, "expect.pool")
	}
	if a.Expect.Address != "" {
		f(Key{KindAddress, a.Expect.Address}, "expect.address")
	}
	if _, builtin := line.Lookup(a.Line); !builtin {
		f(Key{KindLine, a.Line}, "line")
	}
}
