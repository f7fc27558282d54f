package file

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/traffic"
)

// Master is the content of a master file in our words: its SOA and apex NS records
// are fields of the zone, all others are records.
type Master struct {
	Nameservers []string          // of the apex, in the order of the file
	SOA         traffic.SOA       // zero if the file has none; its serial is not taken
	Records     []*traffic.Record // normalized RRsets, in the order of their first record
	lines       map[traffic.Key]int
}

// ReadMaster reads a master file (RFC 1035 §5) of a zone. Records of one name and
// type become one RRset; where their TTLs differ the smallest counts, as RFC 2181
// §5.2 lets a server do. Errors name the line.
func ReadMaster(r io.Reader, zone string) (*Master, error) {
	origin, err := traffic.CanonicalName(zone)
	if err != nil {
		return nil, fmt.Errorf("zone %q %w", zone, err)
	}
	list, lines, err := rr.ReadMasterLines(r, dotted(origin))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		// A zone has at least its SOA: an empty file is a broken pipe or the wrong file,
		// and taken as the whole zone it would delete all records.
		return nil, fmt.Errorf("holds no records of %s; an exported zone has at least its SOA", dotted(origin))
	}
	m := &Master{lines: map[traffic.Key]int{}}
	begins := map[*traffic.Record]int{}
	sets := map[[2]string]*traffic.Record{}
	soas := 0
	for i, rec := range list {
		apex := strings.EqualFold(rec.Name, dotted(origin))
		switch {
		case rec.Type == "SOA" && !apex:
			return nil, fmt.Errorf("the SOA belongs to %s, but the zone is %s", rec.Name, dotted(origin))
		case rec.Type == "SOA":
			if soas++; soas > 1 {
				return nil, fmt.Errorf("has %d SOA records; a zone has one", soas)
			}
			if m.SOA, err = soa(rec); err != nil {
				return nil, err
			}
		case rec.Type == "NS" && apex:
			m.Nameservers = append(m.Nameservers, rec.Data)
		default:
			key := [2]string{strings.ToLower(rec.Name), rec.Type}
			set := sets[key]
			if set == nil {
				set = &traffic.Record{Zone: origin, Name: rec.Name, Type: rec.Type, TTL: rec.TTL, Meta: traffic.Meta{Enabled: true}}
				sets[key] = set
				m.Records = append(m.Records, set)
				begins[set] = lines[i]
			}
			set.TTL = min(set.TTL, rec.TTL)
			set.Data = append(set.Data, rec.Data)
		}
	}
	for _, set := range m.Records {
		set.Normalize()
		m.lines[set.Key()] = begins[set]
	}
	return m, nil
}

// Line is where the first record of a record set stands in the file; 0 for what is not in it.
func (m *Master) Line(set traffic.Key) int { return m.lines[set] }

// soa reads the fields of an SOA's data: MNAME RNAME SERIAL REFRESH RETRY EXPIRE MINIMUM.
func soa(rec rr.RR) (traffic.SOA, error) {
	f := strings.Fields(rec.Data)
	if len(f) != 7 {
		return traffic.SOA{}, fmt.Errorf("the SOA %q has %d fields; it has 7", rec.Data, len(f))
	}
	s := traffic.SOA{MName: f[0], Contact: f[1], TTL: rec.TTL}
	for i, to := range []*uint32{&s.Refresh, &s.Retry, &s.Expire, &s.NegativeTTL} {
		v, err := strconv.ParseUint(f[3+i], 10, 32)
		if err != nil {
			return traffic.SOA{}, fmt.Errorf("the SOA field %q is not a number of seconds", f[3+i])
		}
		*to = uint32(v)
	}
	return s, nil
}

// fields are the zone's own fields that the file gives, in their JSON form.
func (m *Master) fields() map[string]any {
	out := map[string]any{}
	if len(m.Nameservers) > 0 {
		out["nameservers"] = m.Nameservers
	}
	if m.SOA != (traffic.SOA{}) {
		out["soa"] = m.SOA
	}
	return out
}

// Zone returns the zone that the file describes.
func (m *Master) Zone(name string) *traffic.Zone {
	z := &traffic.Zone{Name: name, Nameservers: m.Nameservers, SOA: m.SOA, Meta: traffic.Meta{Enabled: true}}
	z.Normalize()
	return z
}

func dotted(name string) string {
	if name == "." {
		return name
	}
	return name + "."
}
