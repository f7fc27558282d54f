package overview

import (
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

const (
	mostCauses  = 3
	mostLines   = 5
	mostDomains = 5
)

// addressSince is since when an address is as it is: by who decides about it, else by
// the verdicts. With three tasks of which two must be good that is when the second went
// down.
func (l *looker) addressSince(a *traffic.Address, s steer.AddressState) time.Time {
	switch {
	case s.Override != nil:
		return s.Override.CreatedAt
	case a.Mode != traffic.Auto:
		return l.Meta(a.Key()).UpdatedAt
	}
	var downs []time.Time
	total := 0
	l.now.EachTask(a, func(k traffic.TaskKey) {
		total++
		if v := l.Health.Verdict(k); v.State == verdict.Down || v.Stale {
			downs = append(downs, v.Since)
		}
	})
	return turning(downs, total, a.Judgement)
}

func (l *looker) poolSince(p *traffic.Pool) time.Time {
	at, known := l.since[p.Name]
	if !known {
		at = l.sinceOf(p)
		l.since[p.Name] = at
	}
	return at
}

func (l *looker) sinceOf(p *traffic.Pool) time.Time {
	if o := l.Model.Override(p.Key(), p.Labels, nil); o != nil {
		return o.CreatedAt
	}
	var downs []time.Time
	total := 0
	for i := range p.Members {
		a := l.Model.Address(p.Members[i].Address)
		if !p.Members[i].Enabled || a == nil || !a.Enabled {
			continue
		}
		total++
		if s := l.now.Address(a.Name); !s.Available {
			downs = append(downs, l.addressSince(a, s))
		}
	}
	if total == 0 {
		return l.Meta(p.Key()).UpdatedAt
	}
	return turning(downs, total, p.Judgement)
}

// turning is when a judgement ceased to hold, as parts went down at these times; when it
// still holds, when the first did.
func turning(downs []time.Time, total int, j traffic.Judgement) time.Time {
	slices.SortFunc(downs, time.Time.Compare)
	for i := range downs {
		if !j.Holds(total-i-1, total) {
			return downs[i]
		}
	}
	if len(downs) > 0 {
		return downs[0]
	}
	return time.Time{}
}

// domainSince: exceptional since the last pool went, troubled since the first did.
func (l *looker) domainSince(d *traffic.AccessDomain, g steer.Grade) (at time.Time) {
	for i := range d.Pools {
		p := l.Model.Pool(d.Pools[i].Pool)
		if p == nil || !d.Pools[i].Enabled || !p.Enabled {
			continue
		}
		pg, s := l.now.PoolGrade(p.Name), l.now.PoolIn(p.Name, d)
		if s.Available && pg != steer.GradeAlert && pg != steer.GradeExceptional {
			continue
		}
		t := l.poolSince(p)
		switch {
		case t.IsZero():
		case at.IsZero(), g == steer.GradeExceptional && t.After(at), g != steer.GradeExceptional && t.Before(at):
			at = t
		}
	}
	return at
}

// detail fills in what costs more than can be spent on what is not shown.
func (l *looker) detail(p *Problem) {
	switch traffic.Kind(p.Kind) {
	case traffic.KindAddress:
		if a := l.Model.Address(p.Name); a != nil {
			p.Causes = l.causes([]*traffic.Address{a})
			p.Domains = l.affected(a.Key())
		}
	case traffic.KindPool:
		if o := l.Model.Pool(p.Name); o != nil {
			p.Causes, p.Domains = l.causes(l.inPool(o)), l.affected(o.Key())
		}
	case traffic.KindOverride:
		if o, ok := l.Model.Get(traffic.Key{Kind: traffic.KindOverride, Name: p.Name}).(*traffic.Override); ok {
			var keys []traffic.Key
			steer.Reached(l.Model, o, func(k traffic.Key) { keys = append(keys, k) })
			p.Domains = l.affected(keys...)
		}
	case traffic.KindAccessDomain:
		at := strings.LastIndexByte(p.Name, '/')
		if d := l.Model.AccessDomain(p.Name[:at], p.Name[at+1:]); d != nil {
			l.instead(p, d)
			if p.Severity == Critical {
				switch l.now.OutcomeOf(d, steer.Client{Lines: l.Chain(line.Default)}).Basis {
				case steer.LastResort:
					p.Text = saidLast.With()
				case steer.NoData:
					p.Text = saidEmpty.With()
				}
			}
			var list []*traffic.Address
			for i := range d.Pools {
				if o := l.Model.Pool(d.Pools[i].Pool); d.Pools[i].Enabled && o != nil && o.Enabled {
					list = append(list, l.inPool(o)...)
				}
			}
			p.Causes = l.causes(list)
		}
	}
	if p.Kind == KindTask {
		address, _, _ := strings.Cut(p.Name, "/")
		if a := l.Model.Address(address); a != nil {
			p.Domains = l.affected(a.Key())
		}
	}
}

func (l *looker) inPool(p *traffic.Pool) (out []*traffic.Address) {
	for i := range p.Members {
		if a := l.Model.Address(p.Members[i].Address); p.Members[i].Enabled && a != nil && a.Enabled {
			out = append(out, a)
		}
	}
	return out
}

// causes names the tasks of addresses that are down, the oldest first, each with the
// vantage that was the first to find it.
func (l *looker) causes(list []*traffic.Address) []Cause {
	type found struct {
		k traffic.TaskKey
		v verdict.Verdict
	}
	var downs []found
	seen := map[traffic.TaskKey]bool{}
	for _, a := range list {
		l.now.EachTask(a, func(k traffic.TaskKey) {
			if v := l.Health.Verdict(k); v.State == verdict.Down && !seen[k] {
				seen[k] = true
				downs = append(downs, found{k, v})
			}
		})
	}
	slices.SortStableFunc(downs, func(a, b found) int { return a.v.Since.Compare(b.v.Since) })
	var out []Cause
	for _, f := range downs[:min(len(downs), mostCauses)] {
		c := Cause{Address: f.k.Address, Task: f.k.String(), Failed: f.v.Failed, Voting: f.v.Voting, Since: f.v.Since.UTC()}
		if l.Task != nil {
			if h, ok := l.Task(f.k); ok {
				c.Failed, c.Voting = h.Failed, h.Voting
				var first time.Time
				for _, x := range h.Findings {
					if x.Finding == "failed" && (first.IsZero() || x.Since.Before(first)) {
						first, c.Vantage, c.Reason = x.Since, x.Vantage, x.Reason
					}
				}
			}
		}
		c.Said = said.Of(c.Reason)
		out = append(out, c)
	}
	return out
}

// instead compares what clients of each line get with what they would get.
func (l *looker) instead(p *Problem, d *traffic.AccessDomain) {
	used, _ := steer.Uses(l.Model, d)
	codes := slices.DeleteFunc(slices.Clone(used), func(c string) bool { return c == line.Default })
	slices.Sort(codes)
	for _, code := range append([]string{line.Default}, codes...) {
		c := steer.Client{Lines: l.Chain(code)}
		before, now := l.healthy.OutcomeOf(d, c), l.now.OutcomeOf(d, c)
		switch {
		case before.Equal(now):
		case len(p.Instead) == mostLines:
			p.More++
		default:
			p.Instead = append(p.Instead, Instead{code, before, now})
		}
	}
}

// affected counts the access domains that some objects reach. One pool may be used by
// all there are, and many problems lead to one pool: each is counted once.
func (l *looker) affected(keys ...traffic.Key) *Affected {
	pools, others := map[traffic.Key]bool{}, map[string]bool{}
	for _, k := range keys {
		switch k.Kind {
		case traffic.KindPool:
			pools[k] = true
		case traffic.KindAddress:
			l.Model.EachUser(k, func(u traffic.Key) {
				if u.Kind == traffic.KindPool {
					pools[u] = true
				}
			})
		case traffic.KindAccessDomain:
			others[k.Name] = true
		}
	}
	if len(pools) == 1 && len(others) == 0 {
		for k := range pools {
			return l.ofPool(k)
		}
	}
	for k := range pools {
		l.Model.EachUser(k, func(u traffic.Key) {
			if u.Kind == traffic.KindAccessDomain {
				others[u.Name] = true
			}
		})
	}
	return named(others)
}

func (l *looker) ofPool(k traffic.Key) *Affected {
	if a := l.reached[k]; a != nil {
		return a
	}
	names := map[string]bool{}
	l.Model.EachUser(k, func(u traffic.Key) {
		if u.Kind == traffic.KindAccessDomain {
			names[u.Name] = true
		}
	})
	a := named(names)
	l.reached[k] = a
	return a
}

func named(names map[string]bool) *Affected {
	out := &Affected{Count: len(names), Names: []string{}}
	for n := range names { // the first few by name, without sorting 100,000
		at, _ := slices.BinarySearch(out.Names, n)
		if at == mostDomains {
			continue
		}
		if out.Names = slices.Insert(out.Names, at, n); len(out.Names) > mostDomains {
			out.Names = out.Names[:mostDomains]
		}
	}
	return out
}
