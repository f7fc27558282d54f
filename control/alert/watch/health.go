package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/stat"
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
	// Own reports whether an access domain (NAME/TYPE) has rules of its own; nil: none has.
	Own func(domain string) bool
	// Lasting are the alerts that last.
	Lasting map[alert.Key]bool
}

// Health returns what is wrong with addresses, pools and access domains.
//
// An address is when a health task of it is down, unless it is out of answers by
// somebody's order. A pool and an access domain are when they are unavailable and that is
// nobody's order about them; an empty pool is unfinished rather than broken.
func Health(w Moment) []alert.Condition {
	s := &scan{Moment: w, engine: &steer.Engine{Config: w.Model, Verdict: w.Health.Verdict, Current: w.Health.Current}, reached: map[string][]*traffic.AccessDomain{}, instead: map[string][]alert.Instead{}, undecided: map[string]bool{}}
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
	var without []*traffic.AccessDomain
	seen := map[*traffic.AccessDomain]bool{}
	for p := range bad {
		for _, d := range s.users(p) {
			if len(bad) > 1 {
				if seen[d] {
					continue
				}
				seen[d] = true
			}
			if s.exceptional(d) {
				without = append(without, d)
			}
		}
	}
	slices.SortFunc(without, byName)
	for _, d := range without[:min(len(without), MostDomains)] {
		s.domain(d)
	}
	if more := len(without) - MostDomains; more > 0 {
		s.out = append(s.out, alert.Condition{Key: alert.Key{Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: stat.Other}, Facts: alert.Facts{Count: more}})
	}
	s.hold()
	return s.out
}

// hold keeps alerts whose health tasks nobody judges now: a process that has just begun
// knows their last verdicts as of some moment before it ended.
func (s *scan) hold() {
	if len(s.undecided) == 0 {
		return
	}
	pool := func(name string) bool {
		p := s.Model.Pool(name)
		return p != nil && slices.ContainsFunc(p.Members, func(m traffic.Member) bool { return m.Enabled && s.undecided[m.Address] })
	}
	wrong := map[alert.Key]bool{}
	for i := range s.out {
		wrong[s.out[i].Key] = true
	}
	for k := range s.Lasting {
		hold := false
		switch k.Event {
		case alert.AddressAlert:
			hold = s.undecided[k.Object]
		case alert.PoolUnavailable:
			hold = pool(k.Object)
		case alert.DomainExceptional:
			d, ok := s.Model.Get(traffic.Key{Kind: traffic.KindAccessDomain, Name: k.Object}).(*traffic.AccessDomain)
			hold = ok && slices.ContainsFunc(d.Pools, func(m traffic.PoolMember) bool { return m.Enabled && pool(m.Pool) })
		}
		if hold && !wrong[k] {
			s.out = append(s.out, alert.Condition{Key: k, Hold: true})
		}
	}
}

type scan struct {
	Moment
	engine  *steer.Engine
	world   *line.World
	reached map[string][]*traffic.AccessDomain // pool: access domains that use it, enabled ones, in no order
	instead map[string][]alert.Instead         // access domain
	out     []alert.Condition
	// undecided are the addresses with a task that nobody judges now.
	undecided map[string]bool
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
		for i := range a.Tasks {
			if k, ok := s.key(a, &a.Tasks[i]); ok && len(s.Lasting) > 0 {
				if v := s.Health.Verdict(k); v.Stale || v.State == verdict.Unknown {
					s.undecided[a.Name] = true
				}
			}
		}
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

// MostDomains bounds the access domains that are told one by one; the others are one
// condition. A pool that 100,000 names share is one fact, which its own alert tells.
const MostDomains = 1000

func byName(a, b *traffic.AccessDomain) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
}

// exceptional reports whether an access domain has no available pool, by nobody's order.
func (s *scan) exceptional(d *traffic.AccessDomain) bool {
	if !d.Enabled || s.engine.Domain(d) {
		return false
	}
	o := s.Model.Override(d.Key(), nil, nil)
	return o == nil || o.Action != traffic.Drain
}

func (s *scan) domain(d *traffic.AccessDomain) {
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
	c.Domains = s.routes([]*traffic.AccessDomain{d})
	c.Facts.Instead = s.insteadOf(d)
	s.out = append(s.out, c)
}

// reach notes which access domains the pools of a condition lead to.
func (s *scan) reach(c *alert.Condition, pools []string) {
	var all []*traffic.AccessDomain
	if len(pools) == 1 {
		all = s.users(pools[0])
	} else {
		seen := map[*traffic.AccessDomain]bool{}
		for _, p := range pools {
			for _, d := range s.users(p) {
				if !seen[d] {
					seen[d] = true
					all = append(all, d)
				}
			}
		}
	}
	first := firstOf(all)
	c.Facts.Reaches = len(all)
	for i, d := range first {
		name := domainName(d)
		c.Facts.Domains = append(c.Facts.Domains, name)
		if i < alert.MostInstead {
			if list := s.insteadOf(d); len(list) > 0 {
				c.Facts.Instead = append(c.Facts.Instead, list[0])
			}
		}
	}
	c.Domains = s.routes(all)
}

// firstOf returns the first by name, as many as facts list.
func firstOf(all []*traffic.AccessDomain) (out []*traffic.AccessDomain) {
	for _, d := range all {
		if len(out) == alert.MostReached && byName(d, out[len(out)-1]) >= 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(out, d, byName)
		out = slices.Insert(out, i, d)
		if len(out) > alert.MostReached {
			out = out[:alert.MostReached]
		}
	}
	return out
}

// routes keeps those with rules of their own, and "" for the others together.
func (s *scan) routes(all []*traffic.AccessDomain) (out []string) {
	if s.Own == nil {
		return nil
	}
	others := false
	for _, d := range all {
		if name := domainName(d); s.Own(name) {
			out = append(out, name)
		} else {
			others = true
		}
	}
	slices.Sort(out)
	if others && len(out) > 0 {
		out = append(out, "")
	}
	return out
}

// users are the enabled access domains with a pool as an enabled member.
func (s *scan) users(pool string) []*traffic.AccessDomain {
	if list, ok := s.reached[pool]; ok {
		return list
	}
	list := []*traffic.AccessDomain{}
	s.Model.EachUser(traffic.Key{Kind: traffic.KindPool, Name: pool}, func(k traffic.Key) {
		d, ok := s.Model.Get(k).(*traffic.AccessDomain)
		if ok && d.Enabled && slices.ContainsFunc(d.Pools, func(m traffic.PoolMember) bool { return m.Enabled && m.Pool == pool }) {
			list = append(list, d)
		}
	})
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
