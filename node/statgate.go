package node

import (
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/auth/limit"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// How much a node may tell. A resolver with 20,000 answers sends seven pages in 10 s, and
// up to 180 reports when it has been cut off; a vantage of 10,000 tasks five pages a
// minute. Whoever holds a stolen credential shall not fill control's disk by it.
const (
	countsBurst, countsEvery = 400, 500 * time.Millisecond
	probesBurst, probesEvery = 100, time.Second
	gateNodes                = 10_000
)

// statGate holds what nodes tell to how often they may, and to what is configured: names
// that nobody has configured would each be a row for ever.
type statGate struct {
	view           func(func(*traffic.Model, traffic.Position))
	counts, probes *limit.Limiter
}

func newStatGate(view func(func(*traffic.Model, traffic.Position))) *statGate {
	return &statGate{view: view, counts: limit.New(countsBurst, countsEvery, gateNodes), probes: limit.New(probesBurst, probesEvery, gateNodes)}
}

// mayProbe and mayCount report whether a node may be heard now.
func (g *statGate) mayProbe(vantage string) bool { return g.probes.Take(vantage, time.Now()) == 0 }
func (g *statGate) mayCount(node string) bool    { return g.counts.Take(node, time.Now()) == 0 }

// knownTasks leaves out minutes of tasks whose address or template is not configured.
func (g *statGate) knownTasks(p *stat.Probes) {
	g.view(func(m *traffic.Model, _ traffic.Position) {
		kept := p.Tasks[:0]
		for _, t := range p.Tasks {
			if m.Address(t.Key.Address) != nil && m.Template(t.Key.Template) != nil {
				kept = append(kept, t)
			}
		}
		p.Tasks = kept
	})
}

// knownNames counts what is of nothing configured as of others: of an access domain that
// was deleted a moment ago, or of one that never was.
func (g *statGate) knownNames(q *stat.Queries) {
	g.view(func(m *traffic.Model, _ traffic.Position) {
		domain := func(d string) bool {
			at := strings.LastIndexByte(d, '/')
			return d == stat.Other || at >= 0 && m.AccessDomain(d[:at], d[at+1:]) != nil
		}
		for i := range q.Answers {
			a := &q.Answers[i]
			if !domain(a.Domain) || a.Pool != "" && m.Pool(a.Pool) == nil || a.Address != "" && m.Address(a.Address) == nil {
				*a = stat.Answer{Domain: stat.Other, Count: a.Count}
			}
			if _, builtin := line.Lookup(a.Line); a.Line != "" && !builtin && m.Line(a.Line) == nil {
				a.Line = stat.Other
			}
		}
		for i := range q.Zones {
			if z := &q.Zones[i]; z.Zone != stat.Other && m.Zone(z.Zone) == nil {
				z.Zone = stat.Other
			}
		}
		for i := range q.Countries {
			if c := &q.Countries[i]; c.Domain != "" && !domain(c.Domain) {
				c.Domain = stat.Other
			}
		}
	})
}
