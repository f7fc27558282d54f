package geo

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// real is the map that `make geodata` made; 18 MB, read once.
var real = sync.OnceValues(func() (*line.Map, error) {
	dir := os.Getenv("MERIDIAN_GEO")
	if dir == "" {
		at, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		for ; !exists(filepath.Join(at, "go.mod")); at = filepath.Dir(at) {
			if at == filepath.Dir(at) {
				return nil, errors.New("no go.mod above the test: run make geodata and set MERIDIAN_GEO")
			}
		}
		dir = filepath.Join(at, "geo")
	}
	m, err := Open(dir)
	if err == nil && m.Empty() {
		err = fmt.Errorf("no location data in %s: run make geodata", dir)
	}
	return m, err
})

func realMap(t *testing.T) *line.Map {
	t.Helper()
	m, err := real()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type expectation struct {
	addr   netip.Addr
	lines  []string
	origin string
}

func readTable(t *testing.T) []expectation {
	t.Helper()
	f, err := os.Open("testdata/addresses.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []expectation
	for _, row := range rows {
		a, err := netip.ParseAddr(row[0])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, expectation{a, strings.Fields(row[1]), row[2]})
	}
	return out
}

func TestRealAddressesAreInTheirLines(t *testing.T) {
	t.Parallel()
	w, err := line.NewWorld(realMap(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range readTable(t) {
		c := w.Locate(e.addr)
		for _, want := range e.lines {
			if !slices.ContainsFunc(c.Lines, func(m line.Match) bool { return m.Code == want }) {
				t.Errorf("%s (%s) is not in %s but in %v", e.addr, e.origin, want, c.Lines)
			}
		}
	}
}

// The table must stay as wide as it is meant to be.
func TestTheTableCoversTheWorld(t *testing.T) {
	t.Parallel()
	table := readTable(t)
	seen, v6 := map[string]bool{}, 0
	w, _ := line.NewWorld(nil, nil)
	for _, e := range table {
		if e.addr.Is6() {
			v6++
		}
		for _, code := range e.lines {
			chain, ok := w.ChainOf(code)
			if !ok {
				t.Errorf("%s: %q is no line", e.addr, code)
			}
			for _, c := range chain {
				seen[c] = true
			}
		}
	}
	countries, provinces := 0, 0
	// These have no network of their own in routing data; users feed them.
	fed := []string{"wexchange", "founder", "cnix", "search:youdao"}
	for _, in := range line.All() {
		switch {
		case line.Country(in.Code) && seen[in.Code]:
			countries++
		case strings.HasPrefix(in.Code, "cn-") && len(in.Code) == 5 && seen[in.Code]:
			provinces++
		case (in.Category == line.CategoryCloud || in.Category == line.CategorySearch ||
			in.Category == line.CategoryISP && !strings.Contains(in.Code, ":")) && !seen[in.Code] && !slices.Contains(fed, in.Code):
			t.Errorf("no address of the table is in %s", in.Code)
		}
	}
	if len(table) < 300 || countries < 60 || provinces != 31 || v6 < 40 {
		t.Errorf("%d addresses in %d countries and %d provinces, %d of them IPv6; want 300, 60, 31, 40", len(table), countries, provinces, v6)
	}
}

// On the real data too, a partition must say what Locate says, and its scopes
// must be sound at the borders of every range near the table's addresses.
func TestRealPartitionsAgreeWithLocate(t *testing.T) {
	t.Parallel()
	w, err := line.NewWorld(realMap(t), []line.Custom{{Name: "office", Prefixes: []netip.Prefix{netip.MustParsePrefix("202.96.128.0/24"), netip.MustParsePrefix("240e:4c:4008::1/128")}}})
	if err != nil {
		t.Fatal(err)
	}
	used := []string{"office", "cn", "telecom", "unicom:cn-bj", "mobile", "jp", "us-ca", "oversea", "cloud", "search:google"}
	for _, distance := range []bool{false, true} {
		p := w.Partition(used, distance)
		for _, e := range readTable(t) {
			class, scope, special := p.Locate(e.addr)
			c := w.Locate(e.addr)
			var want []string
			for _, m := range c.Lines {
				if slices.Contains(used, m.Code) || m.Code == line.Default {
					want = append(want, m.Code)
				}
			}
			if got := p.Classes[class]; special || !slices.Equal(got.Lines, want) || distance && (got.Point != c.Point || got.PointOK != c.PointOK) {
				t.Errorf("%s: class %v, want %v", e.addr, got, want)
			}
			inside := netip.PrefixFrom(e.addr, int(scope)).Masked()
			for _, a := range []netip.Addr{inside.Addr(), lastAddr(inside)} {
				if other, _, _ := p.Locate(a); other != class {
					t.Errorf("%s has scope %d, but %s is in another class", e.addr, scope, a)
				}
			}
		}
	}
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func TestRealDataPassTheirOwnRules(t *testing.T) {
	t.Parallel()
	m := realMap(t)
	if err := DefaultRules.Check(m, nil); err != nil {
		t.Error(err)
	}
	if wrong := wrongProbes(m); len(wrong) > 0 {
		t.Errorf("probes: %v", wrong)
	}
	about := m.About()
	if len(about.Attribution) != 3 || !strings.Contains(about.Attribution[0], "db-ip.com") {
		t.Errorf("attribution %q", about.Attribution)
	}
	if age, ok := Age(about, time.Now()); !ok || age < 0 {
		t.Errorf("age %v, %v", age, ok)
	}
}
