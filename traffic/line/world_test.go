package line

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// smallWorld is invented data on real-looking space:
//
//	1.0.0.0/16 telecom in Guangdong · 1.1.0.0/16 unicom in Beijing
//	1.2.0.0/16 cloud aliyun in cn · 1.3.0.0/17 Tokyo · 1.3.128.0/17 google crawler, California
//	2400::/16 telecom, China, low confidence · 2a00::/32 Germany
func smallMap(t testing.TB) *Map {
	t.Helper()
	at := func(s string) uint32 { return uint32(fromAddr(netip.MustParseAddr(s)).lo) }
	m, err := NewMap(Data{
		About: About{Sources: []Source{{Name: "Test data"}}},
		Places: []Place{{},
			{Country: "cn", Subdivision: "cn-gd", Name: "Guangdong", Point: Point{23.13, 113.26}, PointOK: true},
			{Country: "cn", Subdivision: "cn-bj", Name: "Beijing", Point: Point{39.9, 116.4}, PointOK: true},
			{Country: "cn", Point: Point{34, 110}, PointOK: true},
			{Country: "jp", Subdivision: "jp-13", Name: "Tokyo", Point: Point{35.68, 139.69}, PointOK: true},
			{Country: "us", Subdivision: "us-ca", Name: "California", Point: Point{36.7, -119.4}, PointOK: true},
			{Country: "de", Point: Point{51, 10}, PointOK: true},
		},
		Kinds: []Kind{{},
			{Place: 1, ISP: "telecom", ASN: 4134, Confidence: High},
			{Place: 2, ISP: "unicom", ASN: 4808, Confidence: High},
			{Place: 3, Cloud: "aliyun", ASN: 37963, Confidence: Medium},
			{Place: 4, Confidence: High},
			{Place: 5, Search: "google", Confidence: High},
			{Place: 3, ISP: "telecom", Confidence: Low},
			{Place: 6, Confidence: Medium},
		},
		V4:     []uint32{0, at("1.0.0.0"), at("1.1.0.0"), at("1.2.0.0"), at("1.3.0.0"), at("1.3.128.0"), at("1.4.0.0")},
		V4Kind: []uint32{0, 1, 2, 3, 4, 5, 0},
		V6Hi:   []uint64{0, 0x2400 << 48, 0x2401 << 48, 0x2a00 << 48, 0x2a000001 << 32},
		V6Lo:   make([]uint64, 5),
		V6Kind: []uint32{0, 6, 0, 7, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func prefixes(s ...string) (out []netip.Prefix) {
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func codes(ms []Match) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Code)
	}
	return strings.Join(out, " ")
}

func TestLocateTellsAll(t *testing.T) {
	t.Parallel()
	w, err := NewWorld(smallMap(t), []Custom{
		{"office", prefixes("198.51.100.0/24", "1.0.5.0/24", "2001:db8:5::/48")},
		{"branch", prefixes("1.0.5.128/25", "10.1.0.0/16", "2001:db8:5::1/128")},
		{"annex", prefixes("1.0.5.0/24")},
		{"all-ten", prefixes("10.0.0.0/8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ sentence, addr, lines, why, prefix string }{
		{"operator in a province", "1.0.1.1", "telecom:cn-gd telecom:cn-huanan telecom cn-gd cn-huanan cn asia default",
			"AS4134 announces it, which belongs to China Telecom; it is placed in Guangdong", "1.0.0.0/22"},
		{"IPv4 in IPv6 form is IPv4", "::ffff:1.1.9.9", "unicom:cn-bj unicom:cn-huabei unicom cn-bj cn-huabei cn asia default",
			"AS4808 announces it, which belongs to China Unicom; it is placed in Beijing", "1.1.0.0/16"},
		{"cloud before region", "1.2.3.4", "cloud:aliyun cloud cn asia default", "AS37963 announces it, which belongs to Alibaba Cloud", "1.2.0.0/16"},
		{"abroad", "1.3.0.1", "jp-13 jp oversea:asia asia oversea default", "Test data places it in Tokyo, Japan", "1.3.0.0/17"},
		{"crawler before all built-in lines", "1.3.200.1", "search:google search us-ca us oversea:north-america north-america oversea default",
			"a list of Google Search crawler networks holds it", "1.3.128.0/17"},
		{"an operator's IPv6 has no province", "2400:1::1", "telecom cn asia default", "a list of China Telecom networks holds it", "2400::/16"},
		{"equal custom networks go by name", "1.0.5.1", "annex office telecom:cn-gd telecom:cn-huanan telecom cn-gd cn-huanan cn asia default",
			"1.0.5.0/24 is in annex", "1.0.5.0/25"},
		{"the narrower custom network is first", "1.0.5.200", "branch annex office telecom:cn-gd telecom:cn-huanan telecom cn-gd cn-huanan cn asia default",
			"1.0.5.128/25 is in branch", "1.0.5.128/25"},
		{"documentation space can be custom", "198.51.100.7", "office default", "198.51.100.0/24 is in office", "198.51.100.0/24"},
		{"a single IPv6 address", "2001:db8:5::1", "branch office default", "2001:db8:5::1/128 is in branch", "2001:db8:5::1/128"},
		{"its neighbour", "2001:db8:5::", "office default", "2001:db8:5::/48 is in office", "2001:db8:5::/128"},
		{"private space nobody claims", "192.168.1.1", "default", "default holds every client", "192.168.0.0/16"},
		{"unknown space", "9.9.9.9", "default", "default holds every client", "8.0.0.0/7"},
	} {
		got := w.Locate(netip.MustParseAddr(c.addr))
		if codes(got.Lines) != c.lines || got.Lines[0].Why != c.why || got.Prefix.String() != c.prefix {
			t.Errorf("%s: %s is in\n  %s (%s) %s, want\n  %s (%s) %s", c.sentence, c.addr,
				codes(got.Lines), got.Lines[0].Why, got.Prefix, c.lines, c.why, c.prefix)
		}
	}
	if c := w.Locate(netip.MustParseAddr("2400::1")); c.PointOK || c.Confidence != "low" || c.ISP != "telecom" || c.Country != "cn" {
		t.Errorf("a low confidence must not give a point: %+v", c)
	}
	if c := w.Locate(netip.Addr{}); codes(c.Lines) != "default" {
		t.Errorf("no address: %+v", c)
	}
}

func TestPartitionOnKnownAddresses(t *testing.T) {
	t.Parallel()
	w, err := NewWorld(smallMap(t), []Custom{{"office", prefixes("198.51.100.128/25", "1.0.5.0/24", "2001:db8:5::1/128")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sentence, used, addr, lines string
		scope                       uint8
		special                     bool
	}{
		{"only default used", "default", "1.0.0.1", "default", 0, false},
		{"only default used, private address", "", "10.0.0.1", "default", 0, false},
		{"neighbours of one class merge", "cn", "1.1.0.1", "cn default", 15, false},
		{"and are told apart when a line needs it", "cn unicom", "1.1.0.1", "unicom cn default", 16, false},
		{"an alias is as good as the code", "cn_region_guangdong", "1.0.9.9", "cn-gd default", 16, false},
		{"a custom line that is not used does not cut", "cn-gd", "1.0.5.9", "cn-gd default", 16, false},
		{"one that is used does", "office cn-gd", "1.0.5.9", "office cn-gd default", 24, false},
		{"the rest around it", "office cn-gd", "1.0.9.9", "cn-gd default", 21, false},
		{"private space is special", "cn", "10.9.9.9", "default", 8, true},
		{"so is what a custom line leaves of a block", "office", "198.51.100.1", "default", 25, true},
		{"but not what it takes", "office", "198.51.100.200", "office default", 25, false},
		{"special blocks side by side stay apart", "cn", "239.1.1.1", "default", 4, true},
		{"a single IPv6 address", "office", "2001:db8:5::1", "office default", 128, false},
		{"the address before it", "office", "2001:db8:5::", "default", 128, true},
		{"the addresses after it", "office", "2001:db8:5::2", "default", 127, true},
		{"IPv6 by operator", "telecom", "2400:5::", "telecom default", 16, false},
		{"unknown lines hold nobody", "nowhere", "1.0.0.1", "default", 0, false},
		{"mapped addresses count IPv4 bits", "unicom", "::ffff:1.1.0.1", "unicom default", 16, false},
	} {
		p := w.Partition(strings.Fields(c.used), false)
		class, scope, special := p.Locate(netip.MustParseAddr(c.addr))
		if got := strings.Join(p.Classes[class].Lines, " "); got != c.lines || scope != c.scope || special != c.special {
			t.Errorf("%s: %s with [%s] is [%s] scope %d special %v, want [%s] %d %v", c.sentence, c.addr, c.used,
				got, scope, special, c.lines, c.scope, c.special)
		}
	}
	everywhere, _ := NewWorld(smallMap(t), []Custom{{"all", prefixes("0.0.0.0/0", "::/0")}})
	p := everywhere.Partition([]string{"all"}, false)
	for _, a := range []string{"10.0.0.1", "1.1.1.1", "::1", "fe80::1"} {
		class, scope, special := p.Locate(netip.MustParseAddr(a))
		if got := strings.Join(p.Classes[class].Lines, " "); got != "all default" || scope != 0 || special {
			t.Errorf("a line of all addresses: %s is [%s] scope %d special %v", a, got, scope, special)
		}
	}
}

func TestPartitionsAreShared(t *testing.T) {
	t.Parallel()
	w, _ := NewWorld(smallMap(t), nil)
	a := w.Partition([]string{"cn", "jp"}, false)
	if w.Partition([]string{"jp", "default", "internal", "jp"}, false) != a {
		t.Error("the same set of lines was compiled twice")
	}
	if w.Partition([]string{"cn", "jp"}, true) == a {
		t.Error("distance makes no difference")
	}
}

func TestClassOfAHypotheticalClient(t *testing.T) {
	t.Parallel()
	w, _ := NewWorld(smallMap(t), nil)
	chain, _ := w.ChainOf("unicom:cn-bj")
	p := w.Partition([]string{"unicom", "cn"}, false)
	class, _, _ := p.Locate(netip.MustParseAddr("1.1.0.1"))
	if got := p.ClassOf(chain, Point{}, false); got != class {
		t.Errorf("class %d, want %d", got, class)
	}
	if got := p.ClassOf([]string{"unicom", "default"}, Point{}, false); got != -1 {
		t.Errorf("unicom outside China is class %d, want none", got)
	}
	if got := p.ClassOf([]string{"default"}, Point{}, false); got != 0 {
		t.Errorf("default is class %d", got)
	}
	d := w.Partition([]string{"cn"}, true)
	class, _, _ = d.Locate(netip.MustParseAddr("1.1.0.1"))
	if got := d.ClassOf(chain, Point{39.9, 116.4}, true); got != class || !d.Classes[class].PointOK {
		t.Errorf("Beijing is class %d, want %d", got, class)
	}
}

func TestWorldRefusesBadCustomLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		custom   []Custom
	}{
		{"no name", []Custom{{}}},
		{"a built-in name", []Custom{{Name: "telecom"}}},
		{"an alias", []Custom{{Name: "edu"}}},
		{"a doubled name", []Custom{{Name: "a"}, {Name: "a"}}},
		{"an invalid network", []Custom{{Name: "a", Prefixes: make([]netip.Prefix, 1)}}},
	} {
		if _, err := NewWorld(nil, c.custom); err == nil {
			t.Errorf("%s is accepted", c.sentence)
		}
	}
}

// Random worlds. Addresses are drawn from few bits at three heights of the
// address, so that ranges, custom networks and special blocks collide often.

func drawAddr(t *rapid.T, v6 bool) netip.Addr {
	if v6 {
		x := u128{rapid.SampledFrom([]uint64{0, 0x2000 << 48, 0x20010db8 << 32, 0x2400 << 48, 0x3fff << 48, 0x4000 << 48, 0xfc00 << 48, ^uint64(0)}).Draw(t, "high"), 0}
		x.hi ^= rapid.Uint64Range(0, 15).Draw(t, "mid") << rapid.SampledFrom([]uint{0, 16, 32, 44, 58}).Draw(t, "shift")
		x.lo = rapid.SampledFrom([]uint64{0, 1, 2, 3, 1 << 63, ^uint64(0)}).Draw(t, "low")
		return x.addr(false)
	}
	x := rapid.SampledFrom([]uint64{0, 0x01000000, 0x0a000000, 0xc0000200, 0xc6336400, 0xdfffff00, 0xffffffff}).Draw(t, "high")
	x ^= rapid.Uint64Range(0, 15).Draw(t, "low") << rapid.SampledFrom([]uint{0, 3, 8, 16, 24, 28}).Draw(t, "shift")
	return u128{0, x}.addr(true)
}

func drawMap(t *rapid.T) *Map {
	base := smallMapData()
	kind := rapid.Uint32Range(0, uint32(len(base.Kinds)-1))
	starts := map[netip.Addr]bool{}
	for range rapid.IntRange(0, 12).Draw(t, "v4 ranges") {
		starts[drawAddr(t, false)] = true
	}
	for range rapid.IntRange(0, 12).Draw(t, "v6 ranges") {
		starts[drawAddr(t, true)] = true
	}
	starts[netip.IPv4Unspecified()], starts[netip.IPv6Unspecified()] = true, true
	var all []netip.Addr
	for a := range starts {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	for _, a := range all {
		x, k := fromAddr(a), kind.Draw(t, "kind")
		if a.Is4() {
			base.V4, base.V4Kind = append(base.V4, uint32(x.lo)), append(base.V4Kind, k)
		} else {
			base.V6Hi, base.V6Lo, base.V6Kind = append(base.V6Hi, x.hi), append(base.V6Lo, x.lo), append(base.V6Kind, k)
		}
	}
	m, err := NewMap(base)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func smallMapData() Data {
	m := smallMap(nopTB{})
	return Data{About: m.about, Places: slices.Clone(m.places), Kinds: slices.Clone(m.kinds)}
}

type nopTB struct{ testing.TB }

func (nopTB) Helper()           {}
func (nopTB) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func drawWorld(t *rapid.T) *World {
	var custom []Custom
	for i := range rapid.IntRange(0, 4).Draw(t, "custom lines") {
		c := Custom{Name: string(rune('a' + i))}
		for range rapid.IntRange(0, 4).Draw(t, "networks") {
			a := drawAddr(t, rapid.Bool().Draw(t, "v6"))
			n := rapid.SampledFrom([]int{0, 1, 8, 15, 16, 24, 31, 32, 48, 64, 127, 128}).Draw(t, "bits")
			c.Prefixes = append(c.Prefixes, netip.PrefixFrom(a, min(n, a.BitLen())))
		}
		custom = append(custom, c)
	}
	w, err := NewWorld(drawMap(t), custom)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// edges lists every address at which anything may change, and its neighbours.
func edges(w *World) []netip.Addr {
	var out []netip.Addr
	add := func(x u128, v4 bool) {
		for _, y := range []u128{x, x.prev(), x.next()} {
			if v4 {
				y = u128{0, y.lo & (1<<32 - 1)}
			}
			out = append(out, y.addr(v4))
		}
	}
	for _, s := range w.m.v4 {
		add(u128{0, uint64(s)}, true)
	}
	for i := range w.m.v6Hi {
		add(w.m.v6(i), false)
	}
	nets := slices.Clone(special)
	for _, l := range w.custom {
		nets = append(nets, l...)
	}
	for _, p := range nets {
		add(fromAddr(p.Addr()), p.Addr().Is4())
		add(lastOf(p), p.Addr().Is4())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(slices.DeleteFunc(out, netip.Addr.Is4In6))
}

func TestScopesAreSoundAndMinimal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		used := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "cn", "cn-gd", "telecom", "telecom:cn-gd", "oversea", "asia",
			"search", "cloud:aliyun", "jp", "default"}), 0, 6).Draw(t, "used")
		distance := rapid.Bool().Draw(t, "distance")
		p := w.Partition(used, distance)
		all := edges(w)
		type seen struct {
			class int
			block netip.Prefix // neighbouring special blocks are told apart
		}
		see := func(a netip.Addr) seen {
			c, _, s := p.Locate(a)
			if !s {
				return seen{class: c}
			}
			b, _ := Special(a)
			return seen{c, b}
		}
		at := map[netip.Addr]seen{}
		for _, a := range all {
			at[a] = see(a)
		}
		for _, a := range all {
			class, scope, isSpecial := p.Locate(a)
			inside := netip.PrefixFrom(a, int(scope)).Masked()
			wider := inside
			if scope > 0 {
				wider = netip.PrefixFrom(a, int(scope)-1).Masked()
			}
			minimal := scope == 0
			for _, b := range all {
				if inside.Contains(b) && at[b] != at[a] {
					t.Fatalf("%s has scope %d but %s inside it has another class (used %v)", a, scope, b, used)
				}
				if wider.Contains(b) && at[b] != at[a] {
					minimal = true
				}
			}
			if isSpecial {
				block, ok := Special(a)
				if !ok || int(scope) < block.Bits() || class != 0 {
					t.Fatalf("%s is special in %v with scope %d, class %d", a, block, scope, class)
				}
			}
			if !minimal {
				t.Fatalf("%s has scope %d but all of %s has its class (used %v, classes %v)", a, scope, wider, used, p.Classes)
			}

			full := w.Locate(a)
			var want []string
			for _, m := range full.Lines {
				if slices.Contains(used, m.Code) || m.Code == Default {
					want = append(want, m.Code)
				}
			}
			got := p.Classes[class]
			if !slices.Equal(got.Lines, want) {
				t.Fatalf("%s: class [%v], Locate says [%v]", a, got.Lines, want)
			}
			if distance && (got.PointOK != full.PointOK || got.Point != full.Point) {
				t.Fatalf("%s: class at %v, Locate says %v", a, got.Point, full.Point)
			}
			if !full.Prefix.Contains(a) {
				t.Fatalf("%s is not in its own prefix %s", a, full.Prefix)
			}
			for _, b := range []netip.Addr{full.Prefix.Addr(), lastOf(full.Prefix).addr(a.Is4())} {
				if other := w.Locate(b); !reflect.DeepEqual(codes(other.Lines), codes(full.Lines)) {
					t.Fatalf("%s and %s are in %s but in other lines", a, b, full.Prefix)
				}
			}
			if i := p.ClassOf(want, full.Point, distance && full.PointOK); i != class {
				t.Fatalf("ClassOf(%v) = %d, want %d", want, i, class)
			}
		}
	})
}

func TestMapComesBackFromItsEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		b := m.AppendTo([]byte("before"))[6:]
		back, err := ReadMap(b)
		if err != nil {
			t.Fatal(err)
		}
		if back.Hash() != m.Hash() || string(back.AppendTo(nil)) != string(b) || !reflect.DeepEqual(back.about, m.about) {
			t.Fatal("the map came back different")
		}
		i := rapid.IntRange(0, len(b)-1).Draw(t, "damaged byte")
		b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := ReadMap(b); err == nil {
			t.Fatalf("a map damaged at byte %d is accepted", i)
		}
	})
	empty := EmptyMap()
	back, err := ReadMap(empty.AppendTo(nil))
	if err != nil || back.Hash() != "" || !back.Empty() {
		t.Errorf("the empty map came back as %q, %v", back.Hash(), err)
	}
}

func TestLocateAllocatesNothing(t *testing.T) {
	w, _ := NewWorld(smallMap(t), []Custom{{"office", prefixes("1.0.5.0/24", "2001:db8:5::1/128")}})
	p := w.Partition([]string{"office", "cn", "telecom:cn-gd", "jp"}, true)
	for _, s := range []string{"1.0.5.1", "::ffff:1.0.5.1", "2001:db8:5::1", "2400::", "9.9.9.9", "10.0.0.1"} {
		a := netip.MustParseAddr(s)
		if n := testing.AllocsPerRun(100, func() { p.Locate(a) }); n != 0 {
			t.Errorf("locating %s allocates %v times, want 0", s, n)
		}
	}
}

// bigWorld has as many ranges as real data, at random places.
func bigWorld(b *testing.B) *World {
	d := smallMapData()
	r := rand.New(rand.NewPCG(1, 2))
	v4 := map[uint32]bool{0: true}
	for len(v4) < 1_000_000 {
		v4[r.Uint32()>>8<<8] = true
	}
	for s := range v4 {
		d.V4 = append(d.V4, s)
	}
	slices.Sort(d.V4)
	v6 := map[uint64]bool{0: true}
	for len(v6) < 1_000_000 {
		v6[(0x2a00<<48 | uint64(r.Uint32N(1<<28))<<20)] = true
	}
	for s := range v6 {
		d.V6Hi = append(d.V6Hi, s)
	}
	slices.Sort(d.V6Hi)
	d.V6Lo = make([]uint64, len(d.V6Hi))
	for i := range d.V4 {
		d.V4Kind = append(d.V4Kind, uint32(i%len(d.Kinds)))
	}
	for i := range d.V6Hi {
		d.V6Kind = append(d.V6Kind, uint32(i%len(d.Kinds)))
	}
	m, err := NewMap(d)
	if err != nil {
		b.Fatal(err)
	}
	w, _ := NewWorld(m, nil)
	return w
}

func BenchmarkPartition(b *testing.B) {
	w := bigWorld(b)
	p := w.Partition([]string{"cn", "telecom", "jp", "us-ca", "search:google", "de"}, false)
	r := rand.New(rand.NewPCG(3, 4))
	var v4, v6 [4096]netip.Addr
	for i := range v4 {
		v4[i] = u128{0, uint64(r.Uint32())}.addr(true)
		v6[i] = u128{0x2a00<<48 | uint64(r.Uint32N(1<<28))<<20, 1}.addr(false)
	}
	for _, c := range []struct {
		name string
		at   *[4096]netip.Addr
	}{{"ipv4", &v4}, {"ipv6", &v6}} {
		b.Run("locate/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Locate(c.at[i%4096])
			}
		})
	}
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			fresh := &World{m: w.m, custom: w.custom, partitions: map[string]func() *Partition{}}
			fresh.Partition([]string{"cn", "telecom", "jp"}, false)
		}
	})
}

func FuzzReadMap(f *testing.F) {
	f.Add(smallMap(f).AppendTo(nil))
	f.Add(EmptyMap().AppendTo(nil))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4 {
			// The checksum would stop nearly every mutation; put a fitting one.
			b = appendCRC(b[: len(b)-4 : len(b)-4])
		}
		m, err := ReadMap(b)
		if err != nil {
			return // refusing is fine, panicking is not
		}
		if again := m.AppendTo(nil); string(again) != string(b) {
			t.Fatalf("%x came back as %x", b, again)
		}
		w, err := NewWorld(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := w.Partition([]string{"cn", "oversea", "search"}, true)
		for _, a := range []string{"0.0.0.0", "255.255.255.255", "1.1.1.1", "::", "2001:4860::1", "ffff::"} {
			a := netip.MustParseAddr(a)
			class, scope, _ := p.Locate(a)
			if got := w.Locate(a); int(scope) > a.BitLen() || p.Classes[class].Lines[0] != firstUsed(got.Lines) {
				t.Fatalf("%s: class %v scope %d, but %v", a, p.Classes[class], scope, got.Lines)
			}
		}
	})
}

func firstUsed(ms []Match) string {
	for _, m := range ms {
		if slices.Contains([]string{"cn", "oversea", "search"}, m.Code) {
			return m.Code
		}
	}
	return Default
}

func appendCRC(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}
