package geo

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// Rules say what a new map must be like to take the place of the one before.
type Rules struct {
	MinRanges4, MinRanges6 int
	MinPlaced              uint64  // IPv4 addresses with a country
	MinProbes              int     // of Probes, that must be right
	MaxShrink              float64 // of placed addresses and of each large operator, against the map before; 0.2 = 20 %
}

// DefaultRules fit worldwide data. DB-IP's file of June 2026 gives 2.2 M IPv4
// and 1.6 M IPv6 ranges and places 3.7 G addresses; a quarter of that would
// still be a worldwide file, less is a broken download.
var DefaultRules = Rules{MinRanges4: 400_000, MinRanges6: 200_000, MinPlaced: 2_500_000_000, MinProbes: len(Probes) - 2, MaxShrink: 0.2}

// Probe is an address whose lines are publicly known.
type Probe struct{ Addr, Line string }

// Probes are asked before a map is taken. Two may be wrong, since even these can
// move.
var Probes = []Probe{
	{"114.114.114.114", "cn"}, {"223.5.5.5", "cn"}, {"180.76.76.76", "cn"}, {"8.8.8.8", "us"}, {"9.9.9.9", "oversea"},
	{"202.96.128.86", "telecom:cn-gd"}, {"202.106.0.20", "unicom:cn-bj"}, {"221.179.38.7", "mobile"}, {"101.6.6.6", "cernet"},
	{"168.126.63.1", "kr"}, {"194.25.2.129", "de"}, {"80.10.246.2", "fr"}, {"168.95.1.1", "tw"}, {"202.45.84.58", "hk"}, {"2001:638:902:1::10", "de"}, {"2001:200:dff:fff1::1", "jp"},
	{"240e:4c:4008::1", "telecom"}, {"2408:8000::1", "unicom"}, {"2409:8000::1", "mobile"}, {"2001:da8::666", "cernet"},
}

// Check says whether a map may replace prev (nil or empty: nothing to compare).
func (r Rules) Check(m, prev *line.Map) error {
	s := m.Stats()
	if s.Ranges4 < r.MinRanges4 || s.Ranges6 < r.MinRanges6 || s.V4Placed < r.MinPlaced {
		return fmt.Errorf("the new location map is too small: %d IPv4 ranges (want %d), %d IPv6 ranges (want %d), %d IPv4 addresses placed (want %d)",
			s.Ranges4, r.MinRanges4, s.Ranges6, r.MinRanges6, s.V4Placed, r.MinPlaced)
	}
	if wrong := wrongProbes(m); len(Probes)-len(wrong) < r.MinProbes {
		return fmt.Errorf("the new location map is wrong about well-known addresses: %s", strings.Join(wrong, "; "))
	}
	if prev == nil || prev.Empty() {
		return nil
	}
	old := prev.Stats()
	shrunk := func(what string, now, before uint64) error {
		if float64(now) < float64(before)*(1-r.MaxShrink) {
			return fmt.Errorf("the new location map lost %d of %d addresses of %s, more than %.0f %%; remove %s to take it nevertheless",
				before-now, before, what, 100*r.MaxShrink, mapFile)
		}
		return nil
	}
	if err := shrunk("all places", s.V4Placed, old.V4Placed); err != nil {
		return err
	}
	// Small groups move for good reasons; a lost large one is a broken table.
	const large = 1 << 20
	for _, part := range []struct{ now, before map[string]uint64 }{
		{s.V4ByISP, old.V4ByISP}, {s.V4ByCloud, old.V4ByCloud}, {s.V4ByNation, old.V4ByNation},
	} {
		var names []string
		for name, n := range part.before {
			if n >= large {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if err := shrunk(name, part.now[name], part.before[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func wrongProbes(m *line.Map) (wrong []string) {
	w, err := line.NewWorld(m, nil)
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range Probes {
		got := w.Locate(netip.MustParseAddr(p.Addr)).Lines
		if !slices.ContainsFunc(got, func(m line.Match) bool { return m.Code == p.Line }) {
			wrong = append(wrong, fmt.Sprintf("%s is not in %s but in %s", p.Addr, p.Line, got[0].Code))
		}
	}
	return wrong
}
