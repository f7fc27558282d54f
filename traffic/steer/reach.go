package steer

import (
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Why a policy never takes a member, whatever becomes of health.
var (
	saidNeverMember   = said.New("unreachable.member_disabled", "it is disabled as a member here")
	saidNeverDisabled = said.New("unreachable.disabled", "it is disabled")
	saidNeverMissing  = said.New("unreachable.missing", "it does not exist")
	saidNeverDrained  = said.New("unreachable.drained", "it {order:s}")
	saidNeverByHand   = said.New("unreachable.manual_unavailable", "it is set unavailable by hand")
	saidNeverEmpty    = said.New("unreachable.empty", "it has no enabled address")
	saidNeverEnough   = said.New("unreachable.too_few", "too few of its addresses can be available for its judgement {judgement}")
	saidNeverNothing  = said.New("unreachable.all_withdrawn", "every enabled address of it is withdrawn")
	saidShadowed      = said.New("unreachable.shadowed", "{member} comes first and is always available: nothing that could fail is watched there")
	saidLineShadowed  = said.New("unreachable.shadowed_on_line", "on line {line} {member} comes first and is always available: nothing that could fail is watched there")
	saidLinesShadowed = said.New("unreachable.shadowed_on_lines", "on each of its lines another member comes first that is always available")
	saidLineDisabled  = said.New("unreachable.line_disabled", "line {line} is disabled, so no client is in it")
	saidLineEmpty     = said.New("unreachable.line_empty", "line {line} has no networks, so no client is in it")
	saidLineMissing   = said.New("unreachable.line_missing", "line {line} does not exist, so no client is in it")
)

// Reach tells whether a policy can ever take a member: in some state of health, for some
// client, by overrides and modes as they are now. It errs to the side of yes; what it
// says is unreachable is never taken. The last resort is another matter.
type Reach struct {
	Reachable bool
	Because   said.Said   // why not; zero where it can
	Lines     []LineReach // for proximity, each line of the member
}

// LineReach is one line of a member.
type LineReach struct {
	Line      string
	Reachable bool
	Because   said.Said
}

// bound is what health can make of a member.
type bound struct {
	always bool      // it is available whatever health says
	never  said.Said // why it cannot be available
}

func (e *Engine) addressBound(name string, forced bool) bound {
	a := e.Config.Address(name)
	switch {
	case a == nil:
		return bound{never: saidNeverMissing.With()}
	case !a.Enabled:
		return bound{never: saidNeverDisabled.With()}
	}
	if o := e.Config.Override(a.Key(), a.Labels, e.Lapsed); o != nil {
		if o.Action == traffic.Drain {
			return bound{never: saidNeverDrained.With(overrideReason(o))}
		}
		return bound{always: true}
	}
	switch {
	case a.Mode == traffic.ManualUnavailable:
		return bound{never: saidNeverByHand.With()}
	case forced || a.Mode == traffic.ManualAvailable:
		return bound{always: true}
	}
	tasks := 0
	e.EachTask(a, func(traffic.TaskKey) { tasks++ })
	return bound{always: tasks == 0 && a.Family() != traffic.Domain}
}

// poolBound judges a pool as a member of an access domain that an override may be about.
func (e *Engine) poolBound(name string, domain *traffic.Override) bound {
	p := e.Config.Pool(name)
	switch {
	case p == nil:
		return bound{never: saidNeverMissing.With()}
	case !p.Enabled:
		return bound{never: saidNeverDisabled.With()}
	}
	total, always, never := 0, 0, 0
	for i := range p.Members {
		a := e.Config.Address(p.Members[i].Address)
		if !p.Members[i].Enabled || a == nil || !a.Enabled {
			continue
		}
		total++
		switch b := e.addressBound(p.Members[i].Address, false); {
		case b.always:
			always++
		case !b.never.IsZero():
			never++
		}
	}
	o := e.Config.Override(p.Key(), p.Labels, e.Lapsed)
	if domain != nil && (domain.Action == traffic.Drain || o == nil) {
		o = domain
	}
	switch {
	case o != nil && o.Action == traffic.Drain:
		return bound{never: saidNeverDrained.With(overrideReason(o))}
	case total == 0:
		return bound{never: saidNeverEmpty.With()}
	case o != nil && total == never:
		return bound{never: saidNeverNothing.With()}
	case o != nil:
		return bound{always: true}
	case !p.Judgement.Holds(total-never, total):
		if never == total {
			return bound{never: saidNeverNothing.With()}
		}
		return bound{never: saidNeverEnough.With(p.Judgement)}
	}
	return bound{always: p.Judgement.Holds(always, total)}
}

// member is one of those that a policy chooses from.
type member struct {
	name string
	link *traffic.Link
	bound
}

// DomainReach tells of each pool of an access domain, in the order of its members,
// whether it can be taken.
func (e *Engine) DomainReach(d *traffic.AccessDomain) []Reach {
	o := e.over(d)
	list := make([]member, len(d.Pools))
	for i := range d.Pools {
		m := &d.Pools[i]
		list[i] = member{m.Pool, &m.Link, e.poolBound(m.Pool, o)}
	}
	return e.reach(&d.Steering, d.Key(), list, d.Unmatched == traffic.UnmatchedNoData)
}

// PoolReach is DomainReach for the addresses of a pool. in is the access domain through
// which the pool is looked at, nil for none.
func (e *Engine) PoolReach(p *traffic.Pool, in *traffic.AccessDomain) []Reach {
	forced := false
	if in != nil {
		forced = e.poolIn(p.Name, e.over(in)).Forced
	} else {
		forced = e.Pool(p.Name).Forced
	}
	list := make([]member, len(p.Members))
	for i := range p.Members {
		m := &p.Members[i]
		list[i] = member{m.Address, &m.Link, e.addressBound(m.Address, forced)}
	}
	return e.reach(&p.Steering, p.Key(), list, false)
}

func (e *Engine) reach(s *traffic.Steering, scope traffic.Key, list []member, strict bool) []Reach {
	out := make([]Reach, len(list))
	order := make([]int, 0, len(list)) // of those that can be available, by serial
	for i := range list {
		m := &list[i]
		switch {
		case !m.link.Enabled:
			out[i].Because = saidNeverMember.With()
		case !m.never.IsZero():
			out[i].Because = m.never
		default:
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return list[a].link.Serial - list[b].link.Serial })
	switch s.Policy {
	case traffic.Proximity:
		e.reachByLine(s, list, order, strict, out)
		return out
	case traffic.Sequential:
		first := slices.IndexFunc(order, func(i int) bool { return list[i].always })
		current := ""
		if s.Mode == traffic.NonPreemptive && e.Current != nil {
			current = e.Current(scope)
		}
		for at, i := range order {
			if first >= 0 && at > first && list[i].name != current {
				out[i].Because = saidShadowed.With(list[order[first]].name)
			} else {
				out[i].Reachable = true
			}
		}
		return out
	}
	for _, i := range order {
		out[i].Reachable = true
	}
	return out
}

func (e *Engine) reachByLine(s *traffic.Steering, list []member, order []int, strict bool, out []Reach) {
	// On each line, and for the fallback over all, the first that is always available
	// stands before those behind it. With distance no order is sure.
	ahead := map[string]int{} // line -> place in order of the first such member
	covered, first := false, -1
	for at, i := range order {
		if !list[i].always {
			continue
		}
		if first < 0 {
			first = at
		}
		for _, l := range list[i].link.Lines {
			if _, ok := ahead[l]; !ok {
				ahead[l] = at
			}
			covered = covered || l == line.Default
		}
	}
	for at, i := range order {
		m := &list[i]
		fallback := !strict && !covered && (first < 0 || first >= at)
		out[i].Reachable = fallback
		for _, l := range m.link.Lines {
			r := LineReach{Line: l, Because: e.emptyLine(l)}
			if b, ok := ahead[l]; ok && b < at && r.Because.IsZero() && s.Order != traffic.OrderDistance {
				r.Because = saidLineShadowed.With(l, list[order[b]].name)
			}
			r.Reachable = r.Because.IsZero()
			out[i].Reachable = out[i].Reachable || r.Reachable
			out[i].Lines = append(out[i].Lines, r)
		}
		switch {
		case out[i].Reachable:
		case len(out[i].Lines) == 1:
			out[i].Because = out[i].Lines[0].Because
		default:
			out[i].Because = saidLinesShadowed.With()
		}
	}
}

// emptyLine says why no client is in a line; zero where some can be.
func (e *Engine) emptyLine(code string) said.Said {
	if _, builtin := line.Lookup(code); builtin {
		return said.Said{}
	}
	c, ok := e.Config.(interface{ Line(string) *traffic.Line })
	if !ok {
		return said.Said{}
	}
	switch l := c.Line(code); {
	case l == nil:
		return saidLineMissing.With(code)
	case !l.Enabled:
		return saidLineDisabled.With(code)
	case len(l.CIDRs) == 0:
		return saidLineEmpty.With(code)
	}
	return said.Said{}
}
