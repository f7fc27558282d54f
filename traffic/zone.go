package traffic

import (
	"encoding/json"
	"strings"

	"github.com/meridian-gtm/meridian/internal/rr"
)

// Zone is a hosted root domain or subdomain. Its records are objects of their own,
// so that changing one of a hundred thousand costs one.
type Zone struct {
	Name        string   `json:"name"`
	Nameservers []string `json:"nameservers,omitempty" doc:"NS names of the apex; default from settings."`
	SOA         SOA      `json:"soa,omitempty" doc:"Fields left out come from settings."`
	// Serial is assigned by the transaction that changes the zone, only forward by
	// RFC 1982, and is never moved by health.
	Serial uint32 `json:"serial,omitempty" readOnly:"true"`
	Meta
}

// UnmarshalJSON sets the defaults before it reads.
func (z *Zone) UnmarshalJSON(b []byte) error {
	type plain Zone
	p := plain{Meta: Meta{Enabled: true}}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*z = Zone(p)
	return nil
}

// UnmarshalJSON sets the defaults before it reads.
func (l *Line) UnmarshalJSON(b []byte) error {
	type plain Line
	p := plain{Meta: Meta{Enabled: true}}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*l = Line(p)
	return nil
}

// UnmarshalJSON sets the defaults before it reads.
func (s *Settings) UnmarshalJSON(b []byte) error {
	type plain Settings
	p := plain{Meta: Meta{Enabled: true}}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*s = Settings(p)
	return nil
}

// Key implements Object.
func (z *Zone) Key() Key { return Key{KindZone, z.Name} }

// Normalize implements Object.
func (z *Zone) Normalize() {
	z.Meta.normalize()
	if len(z.Nameservers) == 0 {
		z.Nameservers = nil
	}
	if c, err := CanonicalName(z.Name); err == nil {
		z.Name = c
	}
	canonicalAll(z.Nameservers)
	z.SOA.normalize()
}

// Check implements Object.
func (z *Zone) Check(r *Report) {
	z.Meta.check(r)
	if c, err := CanonicalName(z.Name); err != nil {
		r.Errorf("name", "invalid_name", "%q %v", z.Name, err)
	} else if strings.HasPrefix(c, "*") {
		r.Errorf("name", "invalid_name", "%q is a wildcard; a zone has a plain name", z.Name)
	} else if ambiguous(c) {
		r.Errorf("name", "invalid_name", "%q would share record keys with a zone above it; use another form of RFC 2317, without \"/\"", z.Name)
	}
	checkNameservers(r, z.Nameservers)
	z.SOA.check(r)
}

// Refs implements Object.
func (z *Zone) Refs(func(Key, string)) {}

// ambiguous tells whether ZONE/OWNER/TYPE could mean two records: only a zone that
// continues the name of a zone above it with "/" allows that, like a/b.a below a.
func ambiguous(zone string) bool {
	for i := range len(zone) {
		if zone[i] == '/' && IsSubdomain(zone, zone[:i]) {
			return true
		}
	}
	return false
}

// NextSerial returns the serial that follows cur: floor (a date form like 2026112200
// tells people when the zone last changed) where that is forward, else one more. A
// floor of 0 means none. The result is never 0 and always forward in the sense of
// RFC 1982 §3.2.
func NextSerial(cur, floor uint32) uint32 {
	next := cur + 1
	if next == 0 {
		next = 1 // RFC 1982 wraps; 0 is avoided because many tools read it as "none"
	}
	// From cur, not next: a step of exactly 2^31 has no direction (RFC 1982 §3.2).
	if d := floor - cur; floor != 0 && d != 0 && d < 1<<31 {
		return floor
	}
	return next
}

// Record is one RRset of a zone: every record with one owner name and one type.
type Record struct {
	Zone string   `json:"zone"`
	Name string   `json:"name" doc:"Owner: relative to the zone, @ for the apex, or absolute with a final dot."`
	Type string   `json:"type" doc:"A, AAAA, MX, TXT, … or TYPE65280 with data in RFC 3597 form."`
	TTL  uint32   `json:"ttl" doc:"Seconds." default:"300" maximum:"2147483647"`
	Data []string `json:"data" doc:"Presentation form, one string per record." minItems:"1"`
	Meta
}

func defaultRecord() *Record { return &Record{TTL: 300, Meta: Meta{Enabled: true}} }

// UnmarshalJSON sets the defaults before it reads.
func (c *Record) UnmarshalJSON(b []byte) error {
	type plain Record
	p := plain(*defaultRecord())
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*c = Record(p)
	return nil
}

// Key implements Object: ZONE/OWNER/TYPE, the owner absolute. The zone is part of
// it because a parent zone and its hosted child may both hold the cut's names.
func (c *Record) Key() Key { return Key{KindRecord, c.Zone + "/" + c.Owner() + "/" + c.Type} }

// Normalize implements Object: the owner becomes absolute with a final dot.
func (c *Record) Normalize() {
	c.Meta.normalize()
	if z, err := CanonicalName(c.Zone); err == nil {
		c.Zone = z
	}
	if n, err := AbsoluteName(c.Name, c.Zone); err == nil {
		if n != "." {
			n += "."
		}
		c.Name = n
	}
	c.Type = strings.ToUpper(c.Type)
	if t, ok := rr.TypeNumber(c.Type); ok {
		c.Type = rr.TypeText(t) // TYPE5 is CNAME, and is held to its rules
	}
	if len(c.Data) > maxRecords {
		return // Check refuses it
	}
	for i, d := range c.Data {
		if len(d) > maxRdataText {
			continue
		}
		// The owner says nothing about the data, whose names are all absolute.
		if t, rdata, err := rr.Parse(".", c.Type, 0, d); err == nil {
			if text := rr.Text(t, rdata); text != d {
				c.Data[i] = text
			}
		}
	}
}

// Limits of one RRset, which must fit one DNS message of 65535 bytes: every record
// costs 12 bytes besides its data, and a byte of data has at most 4 characters.
const (
	maxRRset     = 60_000 // bytes; the rest of the message holds question, OPT and signature
	maxRecords   = maxRRset / 12
	maxRdataText = 4 * 65535
)

// Owner is the canonical owner name without its final dot.
func (c *Record) Owner() string {
	if c.Name == "." {
		return "."
	}
	return strings.TrimSuffix(c.Name, ".")
}

// managedTypes are never declared: SOA is made from the zone, the rest by signing.
var managedTypes = map[string]string{
	"SOA": "it is made from the zone's soa fields; set them there", "RRSIG": "signatures are made by the server",
	"NSEC": "denial records are made by the server", "NSEC3": "denial records are made by the server", "NSEC3PARAM": "denial records are made by the server",
	"OPT": "it is not zone data (RFC 6891)",
}

// reservedType is the last number, which RFC 6895 §3.1 keeps free.
const reservedType = 65535

// Check implements Object.
func (c *Record) Check(r *Report) {
	c.Meta.check(r)
	owner := c.Owner()
	if _, err := CanonicalName(c.Zone); err != nil {
		r.Errorf("zone", "invalid_name", "%q %v", c.Zone, err)
	}
	if _, err := CanonicalName(owner); err != nil {
		r.Errorf("name", "invalid_name", "%q %v", c.Name, err)
	} else if !IsSubdomain(owner, c.Zone) {
		r.Errorf("name", "out_of_zone", "%s is not in zone %s", c.Name, c.Zone)
	}
	if why, managed := managedTypes[c.Type]; managed {
		r.Errorf("type", "managed_type", "%s cannot be declared: %s", c.Type, why)
		return
	}
	if t, ok := rr.TypeNumber(c.Type); !ok || t == reservedType {
		r.Errorf("type", "invalid_value", "%.80q is not a type of records; write one like A, MX or TXT, or TYPE65280 for one without a name", c.Type)
		return
	}
	if c.TTL > 1<<31-1 {
		r.Errorf("ttl", "out_of_range", "is %d; RFC 2181 §8 allows at most 2147483647 seconds", c.TTL)
	}
	if len(c.Data) == 0 {
		r.Errorf("data", "required", "is empty; give at least one record, or delete it")
	}
	if len(c.Data) > maxRecords {
		r.Errorf("data", "too_many", "has %d records; a DNS message cannot carry more than %d", len(c.Data), maxRecords)
		return
	}
	if len(c.Data) > 1 && (c.Type == "CNAME" || c.Type == "DNAME") {
		r.Errorf("data", "too_many", "has %d records; a %s is alone at its name (RFC 2181 §10.1)", len(c.Data), c.Type)
	}
	if c.Type == "NS" && owner == c.Zone {
		r.Errorf("type", "managed_type", "the apex NS records are the zone's nameservers; set them there")
	}
	seen := map[string]bool{}
	size := 0
	for i, d := range c.Data {
		if len(d) > maxRdataText {
			r.Errorf(index("data", i), "too_long", "has %d characters; data has at most 65535 bytes", len(d))
			continue
		}
		_, rdata, err := rr.Parse(".", c.Type, 0, d)
		if err != nil {
			r.Errorf(index("data", i), "invalid_rdata", "%v", err)
			continue
		}
		if seen[string(rdata)] {
			// RFC 2181 §5: an RRset holds no two equal records.
			r.Errorf(index("data", i), "duplicate", "%q stands twice; remove one", d)
		}
		seen[string(rdata)] = true
		size += len(rdata) + 12
	}
	if size > maxRRset {
		r.Errorf("data", "too_long", "is %d bytes on the wire; a DNS message carries at most %d of one RRset, split it over several names", size, maxRRset)
	}
}

// Refs implements Object.
func (c *Record) Refs(f func(Key, string)) { f(Key{KindZone, c.Zone}, "zone") }
