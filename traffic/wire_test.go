package traffic

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, err string }{
		{"no changes", `[]`, ""},
		{"a deletion", `[{"kind":"pool","name":"a","body":null}]`, ""},
		{"a deletion without a body", `[{"kind":"pool","name":"a"}]`, ""},
		{"a put", `[{"kind":"zone","name":"x","body":{"name":"x","enabled":true}}]`, ""},
		{"a kind of a newer release is not left out", `[{"kind":"cat","name":"a","body":{}}]`, `kind "cat" is unknown to this release`},
		{"nor is its deletion", `[{"kind":"cat","name":"a","body":null}]`, `kind "cat" is unknown`},
		{"a body under another name", `[{"kind":"zone","name":"y","body":{"name":"x"}}]`, "body of zone y is that of zone x"},
		{"a body of the wrong shape", `[{"kind":"zone","name":"x","body":[]}]`, "decode changes: zone x"},
		{"text behind the end", `[] []`, "decode changes"},
		{"no list", `{}`, "decode changes"},
		{"nothing", ``, "decode changes"},
	} {
		_, err := DecodeChanges([]byte(c.in))
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
	}
}

// TestChangesApplyInOrder: deletions go users-first, puts references-first, and
// what does not differ is no change.
func TestChangesApplyInOrder(t *testing.T) {
	t.Parallel()
	m := model(t, base()...)
	d := NewDraft(m)
	d.Put(dom("gtm.example.com", "A", "four")) // the same again
	d.Put(dom("x.example.com", "A", "p"))
	d.Put(pool("p", IPv4, "x"))
	d.Put(addr("x", "192.0.2.7"))
	d.Put(pool("brief", IPv4))
	d.Delete(Key{KindPool, "brief"}) // came and went
	d.Delete(Key{KindPool, "six"})
	d.Delete(Key{KindAddress, "b1"})
	d.Delete(Key{KindRecord, "example.com/txt.example.com/TXT"})
	if d.Delete(Key{KindPool, "nobody"}) {
		t.Error("what is not there was deleted")
	}
	var got []string
	for _, c := range d.Changes() {
		what := "put "
		if c.After == nil {
			what = "delete "
		}
		got = append(got, what+c.Key.String())
	}
	want := []string{"delete record example.com/txt.example.com/TXT", "delete pool six", "delete address b1", "put address x", "put pool p", "put access_domain x.example.com/A"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestModelKeepsSettings(t *testing.T) {
	t.Parallel()
	m := NewModel()
	mine := DefaultSettings()
	mine.Nameservers = []string{"ns1.x"}
	m.Apply([]Change{{Key: mine.Key(), After: mine}})
	if c := m.Clone(); c.Settings().Nameservers[0] != "ns1.x" || !reflect.DeepEqual(c.All(), m.All()) {
		t.Error("a clone differs")
	}
	m.Apply([]Change{{Key: mine.Key()}})
	if !reflect.DeepEqual(m.Settings(), DefaultSettings()) {
		t.Errorf("deleted settings left %s", Encode(m.Settings()))
	}
}

func TestModelLooksUp(t *testing.T) {
	t.Parallel()
	m := model(t, append(base(), zone("sub.example.com"), dom("gtm.example.com", "AAAA", "six"))...)
	for name, want := range map[string]string{"a.sub.example.com": "sub.example.com", "sub.example.com": "sub.example.com", "x.example.com": "example.com", "*.example.com": "example.com", "example.net": "", ".": ""} {
		got := ""
		if z := m.ZoneOf(name); z != nil {
			got = z.Name
		}
		if got != want {
			t.Errorf("ZoneOf(%q) = %q, want %q", name, got, want)
		}
	}
	if at := m.At("gtm.example.com"); len(at) != 2 || at[0].Type != "A" || at[1].Type != "AAAA" {
		t.Errorf("At gives %v", at)
	}
	if m.AccessDomain("gtm.example.com", "AAAA") == nil || m.AccessDomain("gtm.example.com", "CNAME") != nil || m.Template("http4") == nil || m.Line("office") != nil || m.Len(KindPool) != 5 {
		t.Error("a typed getter is wrong")
	}
	if got := m.RecordsAt("example.com", "www.example.com"); len(got) != 1 || got[0].Type != "CNAME" {
		t.Errorf("RecordsAt gives %v", got)
	}
	if got := m.InZone("example.com"); len(got) != 2 {
		t.Errorf("InZone gives %v", got)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	p := Position{Epoch: 2, Revision: 7}
	for _, c := range []struct {
		name string
		q    Position
		want bool
	}{
		{"a higher revision is newer", Position{Epoch: 2, Revision: 8}, true}, {"the same is not", p, false}, {"a lower one is not", Position{Epoch: 2, Revision: 6}, false},
		{"a higher epoch is newer, whatever its revision", Position{Epoch: 3, Revision: 1}, true}, {"a lower epoch is older, whatever its revision", Position{Epoch: 1, Revision: 99}, false},
	} {
		if got := p.Before(c.q); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	a, b := p.Next([]byte("a")), p.Next([]byte("b"))
	if a.Revision != 8 || a.Epoch != 2 || a.Chain == b.Chain || a.Chain == p.Chain || a != p.Next([]byte("a")) {
		t.Errorf("next positions %v, %v", a, b)
	}
	if other := (Position{Epoch: 3, Revision: 7}); other.Next([]byte("a")).Chain == a.Chain {
		t.Error("the chain does not cover the epoch")
	}
	raw, _ := json.Marshal(a)
	var back Position
	if err := json.Unmarshal(raw, &back); err != nil || back != a {
		t.Errorf("%s read back as %v, %v", raw, back, err)
	}
	for _, bad := range []string{`{"chain":"00"}`, `{"chain":"zz"}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestNextSerial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		cur, floor, want uint32
	}{
		{"a new zone takes the date form", 0, 2026112200, 2026112200},
		{"a second change of the day adds one", 2026112200, 2026112200, 2026112201},
		{"the next day takes its own form", 2026112205, 2026112300, 2026112300},
		{"a hundred changes run ahead of the date", 2026112305, 2026112300, 2026112306},
		{"no floor adds one", 7, 0, 8},
		{"no floor adds one to large serials too", 3_000_000_000, 0, 3_000_000_001},
		{"an imported serial beyond the date goes on", 4_000_000_000, 2026112200, 4_000_000_001},
		{"the last serial wraps and leaves 0 out", 1<<32 - 1, 0, 1},
		{"a floor half the circle away has no direction", 5, 5 + 1<<31, 6},
	} {
		got := NextSerial(c.cur, c.floor)
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if d := got - c.cur; d == 0 || d >= 1<<31 {
			t.Errorf("%s: %d is not ahead of %d", c.name, got, c.cur)
		}
	}
}

func TestCurrentNewer(t *testing.T) {
	t.Parallel()
	old := Current{Epoch: 4, Member: "b"}
	for _, c := range []struct {
		name string
		cur  Current
		want bool
	}{
		{"a higher epoch wins", Current{Epoch: 5, Member: "z"}, true}, {"a lower one loses", Current{Epoch: 3, Member: "a"}, false},
		{"of equal epochs the smaller name wins", Current{Epoch: 4, Member: "a"}, true}, {"nothing replaces itself", old, false},
	} {
		if got := c.cur.Newer(old); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzDecodeChanges(f *testing.F) {
	for k, v := range valid {
		o, err := Decode(k, []byte(v))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(EncodeChanges([]Change{{Key: o.Key(), After: o}, {Key: Key{KindPool, "gone"}}}))
	}
	f.Add([]byte(`[]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		changes, err := DecodeChanges(b)
		if err != nil {
			return
		}
		wire := EncodeChanges(changes)
		again, err := DecodeChanges(wire)
		if err != nil || !bytes.Equal(EncodeChanges(again), wire) {
			t.Fatalf("%s\nwritten as %s\nread and written as %s, %v", b, wire, EncodeChanges(again), err)
		}
		m := NewModel()
		m.Apply(changes)
		for _, c := range changes {
			if c.After != nil {
				c.After.Check(&Report{})
			}
		}
	})
}
