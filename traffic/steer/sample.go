package steer

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// Sample is a network of real clients, whose answers a change is shown by.
type Sample struct {
	Subnet  netip.Prefix
	Country string
	Queries uint64 // of late, for all names
}

// ClientEffect compares what a network of real clients gets. A side on which the access
// domain is not answered is absent.
type ClientEffect struct {
	Subnet  string   `json:"subnet"`
	Country string   `json:"country,omitempty" doc:"Like cn."`
	Queries uint64   `json:"queries" doc:"Estimated queries of the last hour from there, for all names."`
	Lines   []string `json:"lines" doc:"Those of its lines that the name looks at, before or after, most specific first."`
	Changed bool     `json:"changed"`
	Empty   bool     `json:"empty" doc:"It comes to get nothing, or the last resort."`
	Before  *Outcome `json:"before,omitempty"`
	After   *Outcome `json:"after,omitempty"`
}

// mostSampled bounds the names that are decided for real clients: 20 networks on both
// sides of 500 names are some ten thousand decisions.
const mostSampled = 500

// sampler places the clients of both sides.
type sampler struct {
	list          []Sample
	before, after []line.Client
	left          int // names that may still be decided
}

// newSampler returns nil where there is nobody to place.
func newSampler(before, after Side, h Health) *sampler {
	if len(h.Clients) == 0 {
		return nil
	}
	s := &sampler{list: h.Clients, left: mostSampled}
	was, is := worldOf(before, h.Map), worldOf(after, h.Map)
	if was == nil || is == nil {
		return nil
	}
	for _, c := range h.Clients {
		a := c.Subnet.Masked().Addr()
		s.before, s.after = append(s.before, was.Locate(a)), append(s.after, is.Locate(a))
	}
	return s
}

// worldOf lays the custom lines of one side over a map; nil where they do not hold
// together, which the change has findings of its own about.
func worldOf(c Side, m *line.Map) *line.World {
	var custom []line.Custom
	c.Each(traffic.KindLine, func(o traffic.Object) bool {
		if l := o.(*traffic.Line); l.Enabled {
			custom = append(custom, line.Custom{Name: l.Name, Prefixes: l.Prefixes()})
		}
		return true
	})
	w, err := line.NewWorld(m, custom)
	if err != nil {
		return nil
	}
	return w
}

// clients compares what each sample gets; nil when no more names are decided. Networks
// of which the name tells nothing apart are decided once.
func (t *touch) clients(b, a *traffic.AccessDomain, used map[string]bool, distance bool) []ClientEffect {
	s := t.samples
	if s == nil || s.left == 0 {
		return nil
	}
	s.left--
	type pair struct{ before, after *Outcome }
	known := map[string]pair{}
	out := make([]ClientEffect, 0, len(s.list))
	for i, c := range s.list {
		was, is := asked(&s.before[i], used, distance), asked(&s.after[i], used, distance)
		key := classKey(was) + "\x00" + classKey(is)
		p, ok := known[key]
		if !ok {
			p = pair{t.was.outcome(b, was), t.is.outcome(a, is)}
			known[key] = p
		}
		e := ClientEffect{Subnet: c.Subnet.String(), Country: c.Country, Queries: c.Queries, Lines: []string{}, Before: p.before, After: p.after}
		for _, l := range append(slices.Clip(is.Lines), was.Lines...) {
			if l != line.Default && !slices.Contains(e.Lines, l) {
				e.Lines = append(e.Lines, l)
			}
		}
		e.Lines = append(e.Lines, line.Default)
		e.Changed = !e.Before.equal(e.After)
		e.Empty = a != nil && e.After.empty() && (b == nil || !e.Before.empty())
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(x, y ClientEffect) int {
		rank := func(e ClientEffect) int {
			switch {
			case e.Empty:
				return 0
			case e.Changed:
				return 1
			}
			return 2
		}
		return cmp.Or(rank(x)-rank(y), cmp.Compare(y.Queries, x.Queries), strings.Compare(x.Subnet, y.Subnet))
	})
	return out
}

// asked is a client as a name that uses these lines sees it.
func asked(c *line.Client, used map[string]bool, distance bool) Client {
	out := Client{}
	for _, m := range c.Lines {
		if used[m.Code] || m.Code == line.Default {
			out.Lines = append(out.Lines, m.Code)
		}
	}
	if distance {
		out.Point, out.PointOK = c.Point, c.PointOK
	}
	return out
}

func classKey(c Client) string {
	key := strings.Join(c.Lines, " ")
	if c.PointOK {
		key += " " + strconv.FormatUint(math.Float64bits(c.Point.Lat), 36) + " " + strconv.FormatUint(math.Float64bits(c.Point.Lon), 36)
	}
	return key
}
