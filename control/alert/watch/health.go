package watch

import (
	"fmt"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// HealthEvents are the events that Health tells all of.
var HealthEvents = []string{alert.AddressAlert, alert.PoolUnavailable, alert.DomainExceptional}

// Moment is what Health judges by.
type Moment struct {
	Model    *traffic.Model
	Health   steer.Health
	Findings func(traffic.TaskKey) []control.Finding
	// Own reports whether an access domain (NAME/TYPE) has rules of its own.
	Own func(domain string) bool
}

// Health returns what is wrong with addresses, pools and access domains.
//
// An address is when a health task of it is down, unless it is out of answers by
// somebody's order. A pool and an access domain are when they are unavailable and that is
// nobody's order about them; an empty pool is unfinished rather than broken.
func Health(w Moment) []alert.Condition {
	s := &scan{Moment: w, engine: &steer.Engine{Config: w.Model, Verdict: w.Health.Verdict, Current: w.Health.Current}, reached: map[string][]string{}, instead: map[string][]alert.Instead{}}
	s.world, _ = line.NewWorld(nil, nil) // the world without custom lines is never refused
	w.Model.Each(traffic.KindAddress, func(o traffic.Object) bool {
		s.address(o.(*traffic.Address))
		return true
	})
	bad := map[string]bool{} // pools
	w.Model.Each(traffic.KindPool, func(o traffic.Object) bool {
		p := o.(*traffic.Pool)
		if !p.Enabled {
			return true
		}
		if st := s.engine.Pool(p.Name); !st.Available {
			bad[p.Name] = true
			s.pool(p, st)
		}
		return true
	})
	seen := map[traffic.Key]bool{}
	for p := range bad {
		for _, k := range w.Model.Users(traffic.Key{Kind: traffic.KindPool, Name: p}) {
			if k.Kind == traffic.KindAccessDomain && !seen[k] {
				seen[k] = true
				if d, ok := w.Model.Get(k).(*traffic.AccessDomain); ok {
					s.domain(d)
				}
			}
		}
	}
	return s.out
}

type scan struct {
	Moment
	engine  *steer.Engine
	world   *line.World
	reached map[string][]string        // pool: access domains that use it, enabled ones
	instead map[string][]alert.Instead // access domain
	out     []alert.Condition
}

func (s *scan) address(a *traffic.Address) {
	if !a.Enabled || len(a.Tasks) == 0 || a.Mode != traffic.Auto && a.Mode != "" {
		return
	}
	down := false
	for i := range a.Tasks {
		down = down || s.down(a, &a.Tasks[i])
	}
	if !down {
		return
	}
	st := s.engine.Address(a.Name)
	if st.Withdrawn {
		return
	}
	c := alert.Condition{Key: alert.Key{Event: alert.AddressAlert, Kind: alert.OfAddress, Object: a.Name}, Facts: alert.Facts{Value: a.Address, Available: &st.Available, Reason: st.Reason.String(), ReasonSaid: st.Reason}}
	for i := range a.Tasks {
		if !s.down(a, &a.Tasks[i]) {
			continue
		}
		t := s.task(a, &a.Tasks[i])
		if c.Since.IsZero() || !t.Since.IsZero() && t.Since.Before(c.Since) {
			c.Since = t.Since
		}
		c.Facts.Tasks = append(c.Facts.Tasks, t)
	}
	var pools []string
	for _, k := range s.Model.Users(a.Key()) {
		if k.Kind == traffic.KindPool {
			pools = append(pools, k.Name)
		}
	}
	s.reach(&c, pools)
	s.out = append(s.out, c)
}

// key is a health task's, ok only while it counts.
func (s *scan) key(a *traffic.Address, t *traffic.Task) (k traffic.TaskKey, ok bool) {
	tpl := s.Model.Template(t.Template)
	if !t.Enabled || tpl == nil || !tpl.Enabled {
		return k, false
	}
	return traffic.TaskKey{Address: a.Name, Template: t.Template, Port: t.EffectivePort(tpl.Protocol)}, true
}

func (s *scan) down(a *traffic.Address, t *traffic.Task) bool {
	k, ok := s.key(a, t)
	return ok && s.Health.Verdict(k).State == verdict.Down
}

func (s *scan) task(a *traffic.Address, t *traffic.Task) alert.TaskFact {
	k, _ := s.key(a, t)
	v := s.Health.Verdict(k)
	f := alert.TaskFact{Task: k.String(), Since: v.Since.UTC().Truncate(time.Microsecond), Voting: v.Voting, Votes: v.Failed}
	for _, x := range s.Findings(k) {
		if x.Finding == "failed" && len(f.Failed) < alert.MostVotes {
			f.Failed = append(f.Failed, alert.VoteFact{Vantage: x.Vantage, Reason: x.Reason})
		}
	}
	return f
}

func (s *scan) pool(p *traffic.Pool, st steer.PoolState) {
	if st.Withdrawn || st.Total == 0 {
		return
	}
	c := alert.Condition{Key: alert.Key{Event: alert.PoolUnavailable, Kind: alert.OfPool, Object: p.Name}, Facts: alert.Facts{OK: st.OK, Total: st.Total, Reason: st.Reason.String(), ReasonSaid: st.Reason}}
	for i := range p.Members {
		m := &p.Members[i]
		if !m.Enabled || s.engine.Address(m.Address).Available {
			continue
		}
		c.Causes = append(c.Causes, alert.Key{Event: alert.AddressAlert, Kind: alert.OfAddress, Object: m.Address})
		if len(c.Facts.Members) < alert.MostMembers {
			c.Facts.Members = append(c.Facts.Members, m.Address)
		}
		if a := s.Model.Address(m.Address); a != nil { // it became so with the last that went
			for j := range a.Tasks {
				if k, ok := s.key(a, &a.Tasks[j]); ok {
					if v := s.Health.Verdict(k); v.State == verdict.Down && v.Since.After(c.Since) {
						c.Since = v.Since
					}
				}
			}
		}
	}
	s.reach(&c, []string{p.Name})
	s.out = append(s.out, c)
}

func (s *scan) domain(d *traffic.AccessDomain) {
	if !d.Enabled || s.engine.Domain(d) {
		return
	}
	if o := s.Model.Override(d.Key(), nil, nil); o != nil && o.Action == traffic.Drain {
		return
	}
	name := domainName(d)
	c := alert.Condition{Key: alert.Key{Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: name}, Facts: alert.Facts{Domains: []string{name}, Reaches: 1}}
	for i := range d.Pools {
		m := &d.Pools[i]
		if !m.Enabled {
			continue
		}
		c.Facts.Total++
		c.Causes = append(c.Causes, alert.Key{Event: alert.PoolUnavailable, Kind: alert.OfPool, Object: m.Pool})
		if len(c.Facts.Members) < alert.MostMembers {
			c.Facts.Members = append(c.Facts.Members, m.Pool)
		}
	}
	for i := range s.out { // it became so with the last pool that went
		if o := &s.out[i]; o.Event == alert.PoolUnavailable && slices.Contains(c.Causes, o.Key) && o.Since.After(c.Since) {
			c.Since = o.Since
		}
	}
	c.Facts.Reason = fmt.Sprintf("0 of %d pools are available", c.Facts.Total)
	c.Domains = s.routes([]string{name})
	c.Facts.Instead = s.insteadOf(d)
	s.out = append(s.out, c)
}

// reach notes which access domains the pools of a condition lead to.
func (s *scan) reach(c *alert.Condition, pools []string) {
	var all []string
	if len(pools) == 1 {
		all = s.users(pools[0])
	} else {
		for _, p := range pools {
			all = append(all, s.users(p)...)
		}
		slices.Sort(all)
		all = slices.Compact(all)
	}
	c.Facts.Reaches, c.Facts.Domains = len(all), slices.Clone(all[:min(len(all), alert.MostReached)])
	c.Domains = s.routes(all)
	for _, name := range all[:min(len(all), alert.MostInstead)] {
		if d, ok := s.Model.Get(traffic.Key{Kind: traffic.KindAccessDomain, Name: name}).(*traffic.AccessDomain); ok {
			if list := s.insteadOf(d); len(list) > 0 {
				c.Facts.Instead = append(c.Facts.Instead, list[0])
			}
		}
	}
}

// routes keeps those with rules of their own, and "" for the others together.
func (s *scan) routes(all []string) (out []string) {
	others := false
	for _, d := range all {
		if s.Own != nil && s.Own(d) {
			out = append(out, d)
		} else {
			others = true
		}
	}
	if others && len(out) > 0 {
		out = append(out, "")
	}
	return out
}

// users are the enabled access domains with a pool as an enabled member.
func (s *scan) users(pool string) []string {
	if list, ok := s.reached[pool]; ok {
		return list
	}
	list := []string{}
	for _, k := range s.Model.Users(traffic.Key{Kind: traffic.KindPool, Name: pool}) {
		d, ok := s.Model.Get(k).(*traffic.AccessDomain)
		if !ok || !d.Enabled || !slices.ContainsFunc(d.Pools, func(m traffic.PoolMember) bool { return m.Enabled && m.Pool == pool }) {
			continue
		}
		list = append(list, domainName(d))
	}
	s.reached[pool] = list
	return list
}

// mostLines bounds the lines of an access domain that are told apart.
const mostLines = 3

// insteadOf asks the engine what clients get now: those of no line of their own first,
// then those of lines that get something else.
func (s *scan) insteadOf(d *traffic.AccessDomain) []alert.Instead {
	name := domainName(d)
	if list, ok := s.instead[name]; ok {
		return list
	}
	used, _ := steer.Uses(s.Model, d)
	lines := append([]string{line.Default}, slices.DeleteFunc(slices.Clone(used), func(l string) bool { return l == line.Default })...)
	var out []alert.Instead
	for _, l := range lines {
		chain, ok := s.world.ChainOf(l)
		if !ok {
			chain = []string{l, line.Default}
		}
		i := insteadIs(name, l, s.engine.Decide(d, steer.Client{Lines: chain}))
		if len(out) > 0 && (len(out) == mostLines || slices.ContainsFunc(out, func(o alert.Instead) bool {
			return o.Basis == i.Basis && slices.Equal(o.Pools, i.Pools) && slices.Equal(o.Values, i.Values)
		})) {
			continue
		}
		out = append(out, i)
	}
	s.instead[name] = out
	return out
}

// mostValues bounds the addresses that are named of one answer.
const mostValues = 4

func insteadIs(domain, code string, dec steer.Decision) alert.Instead {
	i := alert.Instead{Domain: domain, Line: code, Basis: string(dec.Basis)}
	for _, p := range dec.Picks {
		if len(p.Entries) > 0 && len(i.Pools) < mostValues {
			i.Pools = append(i.Pools, p.Pool)
		}
		for _, e := range p.Entries {
			if len(i.Values) < mostValues {
				i.Values = append(i.Values, e.Value)
			}
		}
	}
	return i
}

func domainName(d *traffic.AccessDomain) string { return d.Key().Name }
