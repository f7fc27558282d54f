package geo

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCuratedListIsSound(t *testing.T) {
	t.Parallel()
	all, err := readLists(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := digest(all)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range all {
		what := e.net.String()
		if e.asn != 0 {
			what = e.group + uitoa(e.asn)
		}
		if seen[what] {
			t.Errorf("%+v stands twice", e)
		}
		seen[what] = true
	}
	// Look-alikes that were mixed up elsewhere.
	for asn, isp := range map[uint32]string{4134: "telecom", 4837: "unicom", 9808: "mobile", 9394: "tietong", 4538: "cernet", 9389: "", 4847: "", 10099: ""} {
		i, ok := l.byASN[asn]
		if !ok || l.as[i].isp != isp {
			t.Errorf("AS%d is %q, want %q", asn, l.as[i].isp, isp)
		}
	}
}

func TestBadListRowsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, row string }{
		{"too few columns", "isp,telecom"},
		{"an unknown group", "city,telecom,AS1"},
		{"an unknown operator", "isp,skynet,AS1"},
		{"an alias instead of the code", "isp,edu,AS1"},
		{"a region as an operator", "isp,cn,AS1"},
		{"an operator with a place", "isp,telecom:cn-gd,AS1"},
		{"a bad number", "isp,telecom,ASx"},
		{"number zero", "isp,telecom,AS0"},
		{"a crawler by AS", "search,google,AS15169"},
		{"host bits", "isp,telecom,1.2.3.4/8"},
		{"not a network", "isp,telecom,4134"},
		{"an unknown province", "isp,telecom,AS1,zz"},
	} {
		if got, err := readList("test", strings.NewReader(c.row+"\n"), true); err == nil {
			t.Errorf("%s is accepted: %+v", c.sentence, got)
		} else if !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v does not name the line", c.sentence, err)
		}
	}
	double := []entry{{group: "isp", code: "telecom", asn: 1}, {group: "isp", code: "unicom", asn: 1}}
	if _, err := digest(double); err == nil {
		t.Error("an AS with two operators is accepted")
	}
}

func FuzzReadList(f *testing.F) {
	f.Add("isp,telecom,AS4134,,note\n# comment\nsearch,google,66.249.64.0/19\ncloud,aws,2600::/24\n")
	f.Add("isp,mobile,AS56040,gd,\"a, b\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := readList("fuzz", strings.NewReader(s), false)
		if err != nil {
			return
		}
		for _, e := range list {
			if (e.asn == 0) == !e.net.IsValid() || e.net.IsValid() && e.net != e.net.Masked() {
				t.Fatalf("%q gives %+v", s, e)
			}
			again, err := parseEntry([]string{e.group, e.code, map[bool]string{true: "AS" + uitoa(e.asn), false: e.net.String()}[e.asn != 0], strings.TrimPrefix(e.province, "cn-"), e.note})
			if err != nil || again != e {
				t.Fatalf("%+v came back as %+v, %v", e, again, err)
			}
		}
	})
}

func uitoa(n uint32) string {
	if n == 0 {
		return "0"
	}
	var b []byte
	for ; n > 0; n /= 10 {
		b = append(b, byte('0'+n%10))
	}
	slices.Reverse(b)
	return string(b)
}

func TestASTable(t *testing.T) {
	t.Parallel()
	read := func(s string) (out []string, err error) {
		err = readASNs("test", strings.NewReader(s), func(x asRange) bool {
			out = append(out, x.first.String()+"-"+x.last.String()+" "+uitoa(x.asn))
			return true
		})
		return out, err
	}
	for _, c := range []struct{ sentence, in, want string }{
		{"rows in order", "1.0.0.0,1.0.0.255,1,A\n1.0.1.0,1.0.1.255,2,\"B, C\"\n", "1.0.0.0-1.0.0.255 1;1.0.1.0-1.0.1.255 2"},
		{"the earlier of two overlapping rows keeps the addresses", "1.0.0.0,1.0.0.9,1,A\n1.0.0.5,1.0.0.20,2,B\n", "1.0.0.0-1.0.0.9 1;1.0.0.10-1.0.0.20 2"},
		{"a row inside another is passed over", "1.0.0.0,1.0.0.9,1,A\n1.0.0.5,1.0.0.6,2,B\n1.0.0.10,1.0.0.10,3,C\n", "1.0.0.0-1.0.0.9 1;1.0.0.10-1.0.0.10 3"},
		{"IPv6", "2001::,2001::ffff,7,A\n", "2001::-2001::ffff 7"},
	} {
		got, err := read(c.in)
		if err != nil || strings.Join(got, ";") != c.want {
			t.Errorf("%s: %v, %v", c.sentence, got, err)
		}
	}
	for _, c := range []struct{ sentence, in string }{
		{"rows out of order", "2.0.0.0,2.0.0.1,1,A\n1.0.0.0,1.0.0.1,1,A\n"},
		{"an end before its start", "1.0.0.1,1.0.0.0,1,A\n"},
		{"two families in a row", "1.0.0.1,2001::,1,A\n"},
		{"two families in a file", "1.0.0.1,1.0.0.1,1,A\n2001::,2001::,1,A\n"},
		{"no address", "x,1.0.0.0,1,A\n"},
		{"no number", "1.0.0.0,1.0.0.1,A,1\n"},
		{"too few columns", "1.0.0.0,1.0.0.1\n"},
	} {
		if got, err := read(c.in); err == nil {
			t.Errorf("%s: accepted as %v", c.sentence, got)
		}
	}
}

func FuzzReadASNs(f *testing.F) {
	f.Add(asns)
	f.Add(asns6)
	f.Fuzz(func(t *testing.T, s string) {
		var before netip.Addr
		_ = readASNs("fuzz", strings.NewReader(s), func(x asRange) bool {
			if x.last.Less(x.first) || x.first.BitLen() != x.last.BitLen() || before.IsValid() && !before.Less(x.first) {
				t.Fatalf("%q gives %v to %v after %v", s, x.first, x.last, before)
			}
			before = x.last
			return true
		})
	})
}

// paint and zip against the plain definition, on a small space.
func TestPaintAndZip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v6 := rapid.Bool().Draw(t, "v6")
		addr := func(n uint32) netip.Addr {
			if v6 {
				// Spread over both halves of the number and up to the last address.
				return netip.AddrFrom16([16]byte{0: byte(n>>6) * 0x55, 7: byte(n >> 4 & 3), 8: byte(n>>2&3) * 0x55, 15: byte(n & 3)})
			}
			return netip.AddrFrom4([4]byte{byte(n>>6) * 0x55, byte(n >> 4 & 3), byte(n >> 2 & 3), byte(n & 3)})
		}
		draw := func(label string) []painted {
			var out []painted
			for i := range rapid.IntRange(0, 8).Draw(t, label) {
				a := addr(rapid.Uint32Range(0, 255).Draw(t, "addr"))
				p := netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")).Masked()
				if !slices.ContainsFunc(out, func(x painted) bool { return x.p == p && x.prio == i%2 }) {
					out = append(out, painted{p, uint32(i + 1), i % 2})
				}
			}
			return out
		}
		at := func(nets []painted, a netip.Addr) uint32 {
			best := painted{prio: -1}
			for _, n := range nets {
				if n.p.Contains(a) && (best.prio < 0 || n.p.Bits() > best.p.Bits() || n.p.Bits() == best.p.Bits() && n.prio > best.prio) {
					best = n
				}
			}
			return best.val
		}
		a, b := draw("a"), draw("b")
		sa, sb := paint(slices.Clone(a)), paint(slices.Clone(b))
		both := zip(func(v []uint32) uint32 { return v[0]*100 + v[1] }, &sa, &sb)
		for n := range uint32(256) {
			x := addr(n)
			wantA, wantB := at(a, x), at(b, x)
			if got := sa.get(keyOf(x)); got != wantA {
				t.Fatalf("paint gives %d at %s, want %d", got, x, wantA)
			}
			if got := both.get(keyOf(x)); got != wantA*100+wantB {
				t.Fatalf("zip gives %d at %s, want %d", got, x, wantA*100+wantB)
			}
		}
		for i := 1; i < len(both.at); i++ {
			if !both.at[i-1].less(both.at[i]) || both.val[i-1] == both.val[i] {
				t.Fatalf("step %d is out of order or changes nothing", i)
			}
		}
	})
}
