package geo

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// record is what we take of one record of a place file.
type record struct {
	country string // lower case; "" when unknown or not of the catalog
	state   string // English name, may be ""
	sub     string // line of the state, may be ""
	city    bool   // names a city, so the point is more than a state's default
	pt      line.Point
	ptOK    bool
	coarse  bool // the file itself says that it knows the country only
}

// flatRecord is the layout of ip-location-db.
type flatRecord struct {
	Country string   `maxminddb:"country_code"`
	State   string   `maxminddb:"state1"`
	City    string   `maxminddb:"city"`
	Lat     *float64 `maxminddb:"latitude"`
	Lon     *float64 `maxminddb:"longitude"`
}

// nestedRecord is the GeoIP2 layout of MaxMind, and of DB-IP's own files.
type nestedRecord struct {
	Country struct {
		ISO string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		ISO   string `maxminddb:"iso_code"`
		Names struct {
			EN string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	City struct {
		Names struct {
			EN string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Lat    *float64 `maxminddb:"latitude"`
		Lon    *float64 `maxminddb:"longitude"`
		Radius uint16   `maxminddb:"accuracy_radius"`
	} `maxminddb:"location"`
}

// coarseRadius is the accuracy radius in km from which a GeoIP2 record knows no
// more than the country: most of China stands at one point with 1000 km.
const coarseRadius = 500

// layout is how a file names its fields.
type layout uint8

const (
	layoutUnknown layout = iota
	layoutFlat
	layoutNested
)

// probe finds the layout by looking at records, since the database type of
// these files says little. Records without a country are passed over.
func probe(db *maxminddb.Reader) (layout, error) {
	n := 0
	for r := range db.Networks() {
		var keys map[string]any
		if err := r.Decode(&keys); err != nil {
			return layoutUnknown, fmt.Errorf("decode a record: %w", err)
		}
		if _, ok := keys["country_code"].(string); ok {
			return layoutFlat, nil
		}
		if _, ok := keys["country"].(map[string]any); ok {
			return layoutNested, nil
		}
		if n++; n == 10_000 {
			break
		}
	}
	return layoutUnknown, fmt.Errorf("no record has country_code (flat layout) or country (GeoIP2 layout): not a place database")
}

func decodeRecord(r maxminddb.Result, l layout) (record, error) {
	var out record
	var lat, lon *float64
	switch l {
	case layoutFlat:
		var f flatRecord
		if err := r.Decode(&f); err != nil {
			return out, err
		}
		out.country, out.state, out.city, lat, lon = strings.ToLower(f.Country), f.State, f.City != "", f.Lat, f.Lon
	default:
		var n nestedRecord
		if err := r.Decode(&n); err != nil {
			return out, err
		}
		out.country, out.city, lat, lon = strings.ToLower(n.Country.ISO), n.City.Names.EN != "", n.Location.Lat, n.Location.Lon
		out.coarse = n.Location.Radius >= coarseRadius
		if len(n.Subdivisions) > 0 {
			out.state = n.Subdivisions[0].Names.EN
			code := out.country + "-" + strings.ToLower(n.Subdivisions[0].ISO)
			if in, ok := line.Lookup(code); ok && in.Code == code && in.Category == line.CategoryRegion {
				out.sub = code
			}
		}
	}
	if !line.Country(out.country) {
		return record{}, nil // unknown space, or a code that is no country (EU, AP, ZZ)
	}
	if out.sub == "" {
		out.sub, _ = line.State(out.country, out.state)
	}
	if lat != nil && lon != nil && *lat >= -90 && *lat <= 90 && *lon >= -180 && *lon <= 180 && (*lat != 0 || *lon != 0) {
		out.pt, out.ptOK = line.Point{Lat: *lat, Lon: *lon}, true
	}
	if out.coarse {
		out.state, out.sub, out.city, out.ptOK = "", "", false, false
	}
	return out, nil
}

// placeFile is one read place file: records and where they apply.
type placeFile struct {
	name     string
	date     time.Time
	networks int
	records  []record // 0 is the unknown one
	v4, v6   steps    // index into records
}

// readPlaces reads a place file of either layout, for one or both families.
func readPlaces(path string) (*placeFile, error) {
	db, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	defer db.Close()
	l, err := probe(db)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	out := &placeFile{name: filepath.Base(path), date: time.Unix(int64(db.Metadata.BuildEpoch), 0).UTC(), records: make([]record, 1)}
	out.v4.put(key{}, 0)
	out.v6.put(key{}, 0)
	// Millions of networks share some hundred thousand records: decode each once.
	byOffset := make(map[uintptr]uint32, 1<<19)
	same := map[record]uint32{{}: 0}
	for r := range db.Networks() {
		p := r.Prefix()
		if err := r.Err(); err != nil {
			return nil, fmt.Errorf("walk %s: %w", out.name, err)
		}
		i, ok := byOffset[r.Offset()]
		if !ok {
			rec, err := decodeRecord(r, l)
			if err != nil {
				return nil, fmt.Errorf("read %s at %s: %w", out.name, p, err)
			}
			if i, ok = same[rec]; !ok {
				i = uint32(len(out.records))
				out.records = append(out.records, rec)
				same[rec] = i
			}
			byOffset[r.Offset()] = i
		}
		out.networks++
		if p = plainPrefix(p); p.Addr().Is4() {
			out.v4.fill(p, i)
		} else {
			out.v6.fill(p, i)
		}
	}
	return out, nil
}

// plainPrefix turns the IPv4 part of a combined file, which stands at ::/96 or
// in mapped form, into IPv4.
func plainPrefix(p netip.Prefix) netip.Prefix {
	a := p.Addr()
	if a.Is4() || p.Bits() < 96 {
		return p
	}
	if a.Is4In6() {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	b := a.As16()
	for _, x := range b[:12] {
		if x != 0 {
			return p
		}
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[12:])), p.Bits()-96)
}
