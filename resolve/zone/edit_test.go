package zone

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

var soaParams = Params{MName: "ns.example.", RName: "h.example.", Serial: 5, Refresh: 1, Retry: 2, Expire: 3, Minimum: 60,
	SOATTL: 300, Nameservers: []string{"ns1.example.", "ns2.example."}, NSTTL: 600}

func record(t testing.TB, name, typ string, ttl uint32, data ...string) Record {
	t.Helper()
	r := Record{Name: name, TTL: ttl}
	for _, d := range data {
		typ, rdata, err := rr.Parse("x.", typ, ttl, d)
		if err != nil {
			t.Fatal(err)
		}
		r.Type = typ
		r.RData = append(r.RData, rdata)
	}
	return r
}

func TestBuildZone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		records []Record
		want    string // the sets of the apex: type, TTL, data
		err     string
	}{
		{"SOA and NS come from the parameters", nil, "2 600 ns1.example. | ns2.example.; 6 300 ns.example. h.example. 5 1 2 3 60", ""},
		{"records at the apex take their place", []Record{record(t, "example.", "SOA", 9, "a. b. 1 2 3 4 5"), record(t, "EXAMPLE.", "NS", 8, "n.")},
			"2 8 n.; 6 9 a. b. 1 2 3 4 5", ""},
		{"a second SOA is refused", []Record{record(t, "example.", "SOA", 9, "a. b. 1 2 3 4 5", "a. b. 2 2 3 4 5")}, "", "one SOA"},
		{"a SOA below the apex is refused", []Record{record(t, "x.example.", "SOA", 9, "a. b. 1 2 3 4 5")}, "", "only the apex"},
		{"equal records count once, the smallest TTL holds for the set",
			[]Record{record(t, "example.", "A", 60, "192.0.2.1"), record(t, "example.", "A", 30, "192.0.2.1", "192.0.2.2")},
			"1 30 192.0.2.1 | 192.0.2.2; 2 600 ns1.example. | ns2.example.; 6 300 ns.example. h.example. 5 1 2 3 60", ""},
		{"a name outside is refused", []Record{record(t, "x.example.net.", "A", 60, "192.0.2.1")}, "", "outside the zone"},
		{"a name that only ends alike is refused", []Record{record(t, "notexample.", "A", 60, "192.0.2.1")}, "", "outside the zone"},
		{"a relative name is refused", []Record{record(t, "x.example", "A", 60, "192.0.2.1")}, "", "dot"},
		{"a CNAME beside other records is refused", []Record{record(t, "x.example.", "CNAME", 60, "y."), record(t, "x.example.", "A", 60, "192.0.2.1")}, "", "CNAME beside A"},
		{"a CNAME at the apex is refused", []Record{record(t, "example.", "CNAME", 60, "y.")}, "", "CNAME beside SOA"},
		{"two CNAMEs are refused", []Record{record(t, "x.example.", "CNAME", 60, "y.", "z.")}, "", "keep one"},
		{"two DNAMEs are refused", []Record{record(t, "x.example.", "DNAME", 60, "y.", "z.")}, "", "keep one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := BuildZone("Example.", soaParams, tc.records)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := NewView[attached]().Edit()
			if err := e.PutZone(d); err != nil {
				t.Fatal(err)
			}
			var w Walk
			n := e.Done().Node(&w, d.Apex, d.Apex)
			var sets []string
			for i := range n.Sets {
				s := &n.Sets[i]
				sets = append(sets, fmt.Sprintf("%d %d %s", s.Type, s.TTL, dataText(s)))
			}
			if got := strings.Join(sets, "; "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	if _, err := BuildZone("example", soaParams, nil); err == nil {
		t.Error("an apex without a dot is accepted")
	}
	if _, err := BuildZone("example.", Params{}, nil); err == nil || !strings.Contains(err.Error(), "primary server") {
		t.Errorf("no primary server: %v", err)
	}
}

func TestEditRefuses(t *testing.T) {
	t.Parallel()
	d, err := BuildZone("example.", soaParams, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := NewView[attached]().Edit()
	if err := e.PutZone(d); err != nil {
		t.Fatal(err)
	}
	apex, name, other := mustPack("example."), mustPack("x.example."), mustPack("x.net.")
	a := []RRset{{dnswire.TypeA, 1, [][]byte{{1, 2, 3, 4}}}}
	for _, tc := range []struct {
		name string
		err  error
		is   error
		want string
	}{
		{"records of a zone that is not there", e.PutSets(other, other, a), ErrNoZone, "x.net."},
		{"to delete a zone that is not there", e.DeleteZone(other), ErrNoZone, "x.net."},
		{"to attach in a zone that is not there", e.Attach(other, other, SteerA, &attached{}), ErrNoZone, "x.net."},
		{"records outside the zone", e.PutSets(apex, other, a), nil, "outside zone"},
		{"an attachment outside the zone", e.Attach(apex, other, SteerA, &attached{}), nil, "outside zone"},
		{"an apex without SOA", e.PutSets(apex, apex, a), nil, "SOA"},
		{"an empty set", e.PutSets(apex, name, []RRset{{Type: 1}}), nil, "without a record"},
		{"a CNAME that is no name", e.PutSets(apex, name, []RRset{{dnswire.TypeCNAME, 1, [][]byte{{3, 'a'}}}}), nil, "not a wire name"},
		{"a name cut short", e.PutSets(apex, []byte{3, 'a'}, a), nil, "not a wire name"},
		{"a zone with a name outside", e.PutZone(&Data{Apex: other, Names: []NameSets{{name, a}}}), nil, "outside zone"},
		{"a zone without SOA", e.PutZone(&Data{Apex: other, Names: []NameSets{{other, a}}}), nil, "no SOA"},
	} {
		if tc.err == nil || tc.is != nil && !errors.Is(tc.err, tc.is) || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: %v, want one with %q", tc.name, tc.err, tc.want)
		}
	}
	// What was refused has left no trace.
	v := e.Done()
	var w Walk
	if n := v.Node(&w, apex, apex); v.Zones() != 1 || v.Names() != 1 || len(n.Sets) != 2 {
		t.Errorf("%d zones, %d names, %d sets at the apex", v.Zones(), v.Names(), len(n.Sets))
	}
}

// A change of the SOA alone reaches the zone's negative answers.
func TestSerialMovesWithoutItsNames(t *testing.T) {
	t.Parallel()
	v := hosts(t, 100, false)
	var w Walk
	apex := mustPack("example.com.")
	before := v.Node(&w, apex, mustPack("h1.example.com."))
	sets := []RRset{{dnswire.TypeSOA, 10, [][]byte{append(append(mustPack("ns.example.com."), mustPack("h.example.com.")...),
		0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7)}}}
	e := v.Edit()
	if err := e.PutSets(apex, apex, sets); err != nil {
		t.Fatal(err)
	}
	next := e.Done()
	z := next.Zone(&w, mustPack("nope.example.com."))
	if z.Serial != 99 || z.NegativeTTL(100) != 7 || z.NegativeTTL(3) != 3 {
		t.Errorf("serial %d, negative TTL %d and %d", z.Serial, z.NegativeTTL(100), z.NegativeTTL(3))
	}
	if v.Zone(&w, apex).Serial != 1 {
		t.Error("the view before has changed")
	}
	if next.Node(&w, apex, mustPack("h1.example.com.")) != before {
		t.Error("a name that nobody touched was copied")
	}
}

// The cost of an edit does not grow with the number of names.
func TestEditCopiesWhatItTouches(t *testing.T) {
	t.Parallel()
	v := hosts(t, 50_000, false)
	e := v.Edit()
	if err := e.PutSets(mustPack("example.com."), mustPack("h7.example.com."), []RRset{{dnswire.TypeA, 1, [][]byte{{1, 2, 3, 4}}}}); err != nil {
		t.Fatal(err)
	}
	next := e.Done()
	copied := 0
	for i := range v.shards {
		if v.shards[i] != next.shards[i] {
			copied++
		}
	}
	// The name's shard and the one of its zone.
	if copied > 2 {
		t.Errorf("%d shards copied for one name, want at most 2", copied)
	}
}
