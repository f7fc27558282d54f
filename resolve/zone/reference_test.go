package zone

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// The reference is the rules of RFC 1034 §4.3.2 with its later amendments, written
// for reading: maps of texts, searched whole.

// refZone is a zone as texts: names are fully qualified.
type refZone struct {
	sets  map[string]map[uint16]string // name -> type -> data
	steer map[string][3]string         // name -> attachments
}

type refZones map[string]*refZone // by apex

type attached struct{ id string }

func below(name, apex string) bool {
	return name == apex || apex == "." && name != "." || strings.HasSuffix(name, "."+apex)
}

func parent(name string) string {
	if _, rest, _ := strings.Cut(name, "."); rest != "" {
		return rest
	}
	return "."
}

// exists reports whether the zone has the name, if only as an empty non-terminal.
func (z *refZone) exists(name string) bool {
	for n := range z.sets {
		if len(z.sets[n]) > 0 && below(n, name) {
			return true
		}
	}
	for n, s := range z.steer {
		if s != [3]string{} && below(n, name) {
			return true
		}
	}
	return false
}

func (z *refZone) visible(name string, t uint16) (string, bool) {
	s := z.steer[name]
	if t == dnswire.TypeA && s[SteerA] != "" || t == dnswire.TypeAAAA && s[SteerAAAA] != "" || t == dnswire.TypeCNAME && s != [3]string{} {
		return "", false
	}
	data, ok := z.sets[name][t]
	return data, ok
}

// lookup returns what describe returns for the same question.
func (zs refZones) lookup(name string, qtype uint16) string {
	apex := zs.above(name)
	if apex == "" {
		return "refused"
	}
	if qtype == dnswire.TypeDS && apex == name && name != "." {
		if up := zs.above(parent(name)); up != "" {
			if got := zs[up].lookup(up, name, qtype); !strings.Contains(got, "nxdomain") && !strings.Contains(got, "wildcard") {
				return got
			}
		}
	}
	return zs[apex].lookup(apex, name, qtype)
}

func (zs refZones) above(name string) string {
	best := ""
	for apex := range zs {
		if below(name, apex) && (best == "" || len(apex) > len(best)) {
			best = apex
		}
	}
	return best
}

func (z *refZone) lookup(apex, name string, qtype uint16) string {
	// The path from the apex down to the name.
	path := []string{name}
	for path[0] != apex {
		path = slices.Insert(path, 0, parent(path[0]))
	}
	encloser := ""
	for _, n := range path {
		_, ns := z.visible(n, dnswire.TypeNS)
		if ns && n != apex && !strings.HasPrefix(n, "*.") && (n != name || qtype != dnswire.TypeDS) {
			return fmt.Sprintf("%s: referral at %s: %s", apex, n, z.sets[n][dnswire.TypeNS])
		}
		if data, ok := z.visible(n, dnswire.TypeDNAME); ok && n != name {
			return fmt.Sprintf("%s: renamed at %s: %s", apex, n, data)
		}
		if z.exists(n) {
			encloser = n
		}
	}
	if encloser == name {
		return z.classify(apex, name, qtype, "")
	}
	if wild := "*." + strings.TrimPrefix(encloser, "."); z.exists(wild) {
		return z.classify(apex, wild, qtype, "wildcard ")
	}
	return fmt.Sprintf("%s: nxdomain at %s", apex, encloser)
}

func (z *refZone) classify(apex, name string, qtype uint16, how string) string {
	head := fmt.Sprintf("%s: %s", apex, how)
	s := z.steer[name]
	var kinds []int
	switch qtype {
	case dnswire.TypeA:
		kinds = []int{SteerA, SteerCNAME}
	case dnswire.TypeAAAA:
		kinds = []int{SteerAAAA, SteerCNAME}
	case dnswire.TypeANY:
		kinds = []int{SteerA, SteerAAAA, SteerCNAME}
	default:
		kinds = []int{SteerCNAME}
	}
	for _, k := range kinds {
		if s[k] != "" {
			return fmt.Sprintf("%ssteered at %s: %s", head, name, s[k])
		}
	}
	if qtype == dnswire.TypeANY {
		for _, t := range slices.Sorted(maps.Keys(z.sets[name])) {
			if data, ok := z.visible(name, t); ok {
				return fmt.Sprintf("%sanswer at %s: %d %s", head, name, t, data)
			}
		}
	}
	if data, ok := z.visible(name, qtype); ok {
		return fmt.Sprintf("%sanswer at %s: %d %s", head, name, qtype, data)
	}
	if data, ok := z.visible(name, dnswire.TypeCNAME); ok {
		return fmt.Sprintf("%salias at %s: %s", head, name, data)
	}
	return fmt.Sprintf("%snodata at %s", head, name)
}

// describe says what a lookup found, in the reference's words.
func describe(v *View[attached], w *Walk, name string, qtype uint16) string {
	wire, err := rr.PackName(name)
	if err != nil {
		panic(err)
	}
	res := v.Lookup(w, wire, qtype)
	if res.Outcome == Refused {
		return "refused"
	}
	out := rr.NameText(res.Zone.Apex) + ": "
	if res.Wildcard {
		out += "wildcard "
	}
	out += res.Outcome.String() + " at " + rr.NameText(res.Node.Name)
	switch res.Outcome {
	case Steered:
		out += ": " + res.Slot.id
	case Answer:
		out += fmt.Sprintf(": %d %s", res.Set.Type, dataText(res.Set))
	case Alias, Referral, Renamed:
		out += ": " + dataText(res.Set)
	}
	return out
}

func dataText(s *RRset) string {
	var all []string
	for _, r := range s.RData {
		all = append(all, rr.Text(s.Type, r))
	}
	return strings.Join(all, " | ")
}

// The world of names is small, so that wildcards, cuts, empty non-terminals and
// zones within zones meet often.
var (
	allNames  = names(3)
	allApexes = []string{".", "a.", "b.a.", "b."}
	allTypes  = []uint16{dnswire.TypeA, dnswire.TypeAAAA, dnswire.TypeNS, dnswire.TypeCNAME, dnswire.TypeDS, dnswire.TypeDNAME, dnswire.TypeSOA, dnswire.TypeTXT, dnswire.TypeANY}
)

func names(depth int) []string {
	out := []string{"."}
	for layer := []string{""}; depth > 0; depth-- {
		var next []string
		for _, rest := range layer {
			for _, l := range []string{"a", "b", "*"} {
				next = append(next, l+"."+rest)
			}
		}
		out = append(out, next...)
		layer = next
	}
	return out
}

// set returns an RRset of the type as both sides hold it.
func set(t uint16, n int) (RRset, string) {
	data := map[uint16]string{
		dnswire.TypeA: fmt.Sprintf("192.0.2.%d", n), dnswire.TypeAAAA: fmt.Sprintf("2001:db8::%d", n),
		dnswire.TypeNS: fmt.Sprintf("ns%d.x.", n), dnswire.TypeCNAME: fmt.Sprintf("cn%d.x.", n), dnswire.TypeDNAME: fmt.Sprintf("dn%d.x.", n),
		dnswire.TypeDS: fmt.Sprintf("%d 13 2 00", n), dnswire.TypeSOA: fmt.Sprintf("ns. h. %d 2 3 4 5", n), dnswire.TypeTXT: fmt.Sprintf(`"%d"`, n),
	}[t]
	typ, rdata, err := rr.Parse("x.", rr.TypeText(t), 60, data)
	if err != nil {
		panic(err)
	}
	s := RRset{Type: typ, TTL: 60, RData: [][]byte{rdata}}
	return s, dataText(&s)
}

// drawSets draws what one name owns; extra is always among it.
func drawSets(t *rapid.T, extra ...uint16) (sets []RRset, ref map[uint16]string) {
	types := rapid.SliceOfNDistinct(rapid.SampledFrom(allTypes[:6]), 0, 3, rapid.ID[uint16]).Draw(t, "types")
	if rapid.IntRange(0, 3).Draw(t, "text") == 0 {
		types = append(types, dnswire.TypeTXT)
	}
	ref = map[uint16]string{}
	for _, typ := range append(types, extra...) {
		s, text := set(typ, rapid.IntRange(1, 9).Draw(t, "n"))
		sets = append(sets, s)
		ref[typ] = text
	}
	return sets, ref
}

// machine applies random edits to a view and to the reference alike.
type machine struct {
	ref  refZones
	view *View[attached]
	edit *Edit[attached]

	// What the views before said, which must never change.
	old []*View[attached]
	was []string
}

func (m *machine) apex(t *rapid.T) (string, []byte) {
	if len(m.ref) == 0 {
		t.Skip("no zone")
	}
	apex := rapid.SampledFrom(slices.Sorted(maps.Keys(m.ref))).Draw(t, "apex")
	return apex, mustPack(apex)
}

func mustPack(name string) []byte {
	b, err := rr.PackName(name)
	if err != nil {
		panic(err)
	}
	return b
}

func (m *machine) name(t *rapid.T, apex string) string {
	return rapid.SampledFrom(allNames).Filter(func(n string) bool { return below(n, apex) }).Draw(t, "name")
}

// PutZone adds or replaces a zone; attachments of one that was there stay.
func (m *machine) PutZone(t *rapid.T) {
	apex := rapid.SampledFrom(allApexes).Draw(t, "apex")
	z := &refZone{sets: map[string]map[uint16]string{}, steer: map[string][3]string{}}
	if was := m.ref[apex]; was != nil {
		z.steer = was.steer
	}
	d := &Data{Apex: mustPack(apex)}
	sets, ref := drawSets(t, dnswire.TypeSOA)
	d.Names = append(d.Names, NameSets{d.Apex, sets})
	z.sets[apex] = ref
	for range rapid.IntRange(0, 8).Draw(t, "names") {
		name := m.name(t, apex)
		if z.sets[name] != nil {
			continue
		}
		sets, ref := drawSets(t)
		d.Names = append(d.Names, NameSets{mustPack(name), sets})
		z.sets[name] = ref
	}
	if err := m.edit.PutZone(d); err != nil {
		t.Fatal(err)
	}
	m.ref[apex] = z
}

func (m *machine) DeleteZone(t *rapid.T) {
	apex, wire := m.apex(t)
	if err := m.edit.DeleteZone(wire); err != nil {
		t.Fatal(err)
	}
	delete(m.ref, apex)
}

func (m *machine) PutSets(t *rapid.T) {
	apex, wire := m.apex(t)
	name := m.name(t, apex)
	var sets []RRset
	var ref map[uint16]string
	if name == apex {
		sets, ref = drawSets(t, dnswire.TypeSOA)
	} else {
		sets, ref = drawSets(t)
	}
	if err := m.edit.PutSets(wire, mustPack(name), sets); err != nil {
		t.Fatal(err)
	}
	m.ref[apex].sets[name] = ref
}

func (m *machine) Attach(t *rapid.T) {
	apex, wire := m.apex(t)
	name := m.name(t, apex)
	kind := rapid.IntRange(0, 2).Draw(t, "kind")
	id := rapid.SampledFrom([]string{"", "", "s1", "s2"}).Draw(t, "id")
	var s *attached
	if id != "" {
		s = &attached{id}
	}
	if err := m.edit.Attach(wire, mustPack(name), kind, s); err != nil {
		t.Fatal(err)
	}
	all := m.ref[apex].steer[name]
	all[kind] = id
	m.ref[apex].steer[name] = all
}

// Publish ends the edit and begins another.
func (m *machine) Publish(t *rapid.T) {
	m.view = m.edit.Done()
	if len(m.old) < 3 {
		m.old = append(m.old, m.view)
		m.was = append(m.was, fingerprint(m.view))
	}
	m.edit = m.view.Edit()
}

// fingerprint is all that a view says.
func fingerprint(v *View[attached]) string {
	var w Walk
	var b strings.Builder
	for _, n := range allNames {
		for _, t := range allTypes {
			fmt.Fprintln(&b, describe(v, &w, n, t))
		}
	}
	return b.String()
}

// rebuilt is the reference's content put into a fresh view.
func (m *machine) rebuilt(t *rapid.T) *View[attached] {
	e := NewView[attached]().Edit()
	for apex, z := range m.ref {
		d := &Data{Apex: mustPack(apex)}
		for name, byType := range z.sets {
			n := NameSets{Name: mustPack(name)}
			for typ, text := range byType {
				_, rdata, err := rr.Parse("x.", rr.TypeText(typ), 60, text)
				if err != nil {
					t.Fatal(err)
				}
				n.Sets = append(n.Sets, RRset{Type: typ, TTL: 60, RData: [][]byte{rdata}})
			}
			d.Names = append(d.Names, n)
		}
		if err := e.PutZone(d); err != nil {
			t.Fatal(err)
		}
		for name, s := range z.steer {
			for kind, id := range s {
				if id == "" {
					continue
				}
				if err := e.Attach(d.Apex, mustPack(name), kind, &attached{id}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return e.Done()
}

func (m *machine) check(t *rapid.T) {
	m.Publish(t)
	var w Walk
	for _, n := range allNames {
		for _, typ := range allTypes {
			if got, want := describe(m.view, &w, n, typ), m.ref.lookup(n, typ); got != want {
				t.Fatalf("%s %s: %s\nwant %s", n, rr.TypeText(typ), got, want)
			}
		}
	}
	fresh := m.rebuilt(t)
	if m.view.Names() != fresh.Names() || m.view.Zones() != fresh.Zones() || m.view.depths != fresh.depths {
		t.Fatalf("%d names and %d zones, rebuilt %d and %d", m.view.Names(), m.view.Zones(), fresh.Names(), fresh.Zones())
	}
	for apex := range m.ref {
		a, b := m.view.Zone(&w, mustPack(apex)), fresh.Zone(&w, mustPack(apex))
		if a.cuts != b.cuts || a.Serial != b.Serial || string(a.SOA) != string(b.SOA) {
			t.Fatalf("zone %s: %+v, rebuilt %+v", apex, a, b)
		}
	}
	used := 0
	for _, s := range m.view.shards {
		if s != nil {
			used += s.used
		}
	}
	if used != m.view.Names()+m.view.Zones() {
		t.Fatalf("%d slots in use for %d names and %d zones", used, m.view.Names(), m.view.Zones())
	}
}

// Any history of edits answers as the reference does, equals a view built at once
// from the same content, leaves no garbage, and changes no view handed out before.
func TestEditsEqualTheReferenceAndARebuild(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{ref: refZones{}, view: NewView[attached]()}
		m.edit = m.view.Edit()
		m.PutZone(t)
		t.Repeat(map[string]func(*rapid.T){
			"PutZone":    m.PutZone,
			"DeleteZone": m.DeleteZone,
			"PutSets":    m.PutSets,
			"PutSets2":   m.PutSets, // the common edit, so drawn more often
			"Attach":     m.Attach,
			"Attach2":    m.Attach,
			"Publish":    m.Publish,
		})
		m.check(t)
		for i, v := range m.old {
			if fingerprint(v) != m.was[i] {
				t.Fatalf("view %d of %d has changed", i, len(m.old))
			}
		}
	})
}
