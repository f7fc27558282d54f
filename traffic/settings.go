package traffic

import "strings"

// Settings are the defaults of zones and the choices of the whole installation.
// There is exactly one, with the name "settings".
type Settings struct {
	Nameservers []string `json:"nameservers" doc:"NS names of zones that give none, fully qualified."`
	SOA         SOA      `json:"soa" doc:"SOA values of zones that give none."`
	// GeoMap names the compiled location map that every node must use: the hex SHA-256
	// of its bytes, empty for none (design D11). Control sets it.
	GeoMap string `json:"geo_map,omitempty" doc:"Hash of the location map in force; set by geo update." readOnly:"true"`
	Meta
}

// SOA holds the parts of a zone's SOA record that are declared. Zero fields take
// the default of the level above. Times are seconds.
type SOA struct {
	MName       string `json:"mname,omitempty" doc:"Primary server; default is the first nameserver."`
	Contact     string `json:"contact,omitempty" doc:"Mailbox in DNS form, like hostmaster.example.net."`
	TTL         uint32 `json:"ttl,omitempty" doc:"TTL of the SOA record, seconds." maximum:"604800"`
	Refresh     uint32 `json:"refresh,omitempty" maximum:"2147483647"`
	Retry       uint32 `json:"retry,omitempty" maximum:"2147483647"`
	Expire      uint32 `json:"expire,omitempty" maximum:"2147483647"`
	NegativeTTL uint32 `json:"negative_ttl,omitempty" doc:"SOA MINIMUM: how long a negative answer may live, seconds." maximum:"86400"`
}

// DefaultSettings are in force until the user writes others. 60 s of negative TTL:
// a name that has just been created must not stay absent for long in a product
// whose changes arrive within seconds. The other times follow RIPE-203.
func DefaultSettings() *Settings {
	return &Settings{
		Nameservers: []string{"ns1.meridian.invalid"},
		SOA:         SOA{Contact: "hostmaster.meridian.invalid", TTL: 3600, Refresh: 86400, Retry: 7200, Expire: 3600000, NegativeTTL: 60},
		Meta:        Meta{Enabled: true},
	}
}

// Key is always {settings settings}.
func (s *Settings) Key() Key { return Key{KindSettings, "settings"} }

// Normalize implements Object.
func (s *Settings) Normalize() {
	d := DefaultSettings()
	if len(s.Nameservers) == 0 {
		s.Nameservers = d.Nameservers
	}
	s.Meta.normalize()
	canonicalAll(s.Nameservers)
	s.SOA.normalize()
	s.SOA = s.SOA.Or(d.SOA)
}

// Or returns s with its zero fields taken from d.
func (s SOA) Or(d SOA) SOA {
	pick := func(v *uint32, d uint32) {
		if *v == 0 {
			*v = d
		}
	}
	if s.MName == "" {
		s.MName = d.MName
	}
	if s.Contact == "" {
		s.Contact = d.Contact
	}
	pick(&s.TTL, d.TTL)
	pick(&s.Refresh, d.Refresh)
	pick(&s.Retry, d.Retry)
	pick(&s.Expire, d.Expire)
	pick(&s.NegativeTTL, d.NegativeTTL)
	return s
}

func (s *SOA) normalize() {
	for _, f := range []*string{&s.MName, &s.Contact} {
		if c, err := CanonicalName(*f); err == nil {
			*f = c
		}
	}
}

// Check implements Object.
func (s *Settings) Check(r *Report) {
	s.Meta.check(r)
	checkNameservers(r, s.Nameservers)
	s.SOA.check(r)
	if !s.Enabled {
		r.Errorf("enabled", "invalid", "must be true: settings cannot be disabled")
	}
}

func (s *SOA) check(r *Report) {
	if s.Contact != "" {
		if _, err := CanonicalName(s.Contact); err != nil {
			r.Errorf("soa.contact", "invalid_name", "%q %v; write the mailbox as a name, like hostmaster.example.net.", s.Contact, err)
		}
	}
	if s.MName != "" {
		if _, err := CanonicalName(s.MName); err != nil {
			r.Errorf("soa.mname", "invalid_name", "%q %v", s.MName, err)
		}
	}
	// RFC 2181 §8 bounds a TTL to 31 bits; RFC 2308 §5 advises at most a day for negatives.
	for _, f := range []struct {
		name string
		v    uint32
		max  uint32
	}{{"ttl", s.TTL, 604800}, {"refresh", s.Refresh, 1<<31 - 1}, {"retry", s.Retry, 1<<31 - 1}, {"expire", s.Expire, 1<<31 - 1}, {"negative_ttl", s.NegativeTTL, 86400}} {
		if f.v > f.max {
			r.Errorf("soa."+f.name, "out_of_range", "is %d; use at most %d seconds", f.v, f.max)
		}
	}
}

func checkNameservers(r *Report, names []string) {
	if len(names) > 13 {
		r.Errorf("nameservers", "too_many", "has %d names; use at most 13", len(names))
	}
	seen := map[string]bool{}
	for i, n := range names {
		c, err := CanonicalName(n)
		if err != nil {
			r.Errorf(index("nameservers", i), "invalid_name", "%q %v", n, err)
		} else if c == "." || strings.HasPrefix(c, "*") {
			r.Errorf(index("nameservers", i), "invalid_name", "%q is not the name of a server; write one like ns1.example.net.", n)
		} else if seen[c] {
			r.Errorf(index("nameservers", i), "duplicate", "%q stands twice; remove one", n)
		}
		seen[c] = true
	}
}

// Refs implements Object.
func (s *Settings) Refs(func(Key, string)) {}

func canonicalAll(names []string) {
	for i, n := range names {
		if c, err := CanonicalName(n); err == nil && c != n {
			names[i] = c
		}
	}
}
