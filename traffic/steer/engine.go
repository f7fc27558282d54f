package steer

import (
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Config is the part of the configuration that the engine reads; *traffic.Model is one.
type Config interface {
	Pool(name string) *traffic.Pool
	Address(name string) *traffic.Address
	Template(name string) *traffic.Template
	At(name string) []*traffic.AccessDomain
	// Override returns the operator's order about an object with these labels, nil for
	// none; those that have lapsed, by id, do not count.
	Override(k traffic.Key, labels map[string]string, lapsed map[string]bool) *traffic.Override
}

// Engine decides. Config and Verdict are required; Current may be nil (nobody has
// moved yet) and Down may be nil (no failure is pretended).
//
// It remembers the pools and names it has judged: an Engine is for one moment. Make
// another when configuration, verdicts or Down have changed.
type Engine struct {
	Config  Config
	Verdict func(traffic.TaskKey) verdict.Verdict
	// Current returns the member that a non-preemptive policy is on, "" for none.
	Current func(scope traffic.Key) string
	// Down names addresses, by name or endpoint, that are to be taken as failed.
	Down map[string]bool
	// Lapsed holds the ids of overrides that have ended here before control removed them.
	Lapsed map[string]bool

	visiting map[string]bool       // names on the path of inherited availability
	pools    map[string]PoolState  // judged so far
	grades   map[traffic.Key]Grade // judged so far
	names    map[string]inherited  // judged so far: without, names that fan out and meet again cost exponentially
}

type inherited struct{ available, hosted bool }

// Rule says how a resolver picks among candidates, query by query.
type Rule uint8

// The rules.
const (
	None   Rule = iota // nothing to answer: NODATA
	First              // always the first
	Rotate             // in turn; several are answered from the turn's place on
	Draw               // independent draws in proportion to weight
)

func (r Rule) String() string { return [...]string{"none", "first", "rotate", "draw"}[r] }

// Basis says what a decision rests on.
type Basis string

// The bases of a decision.
const (
	ByPolicy   Basis = "policy"      // an available member, chosen by the policy
	Unmatched  Basis = "unmatched"   // no available member on the client's lines: fallback
	LastResort Basis = "last_resort" // nothing is available: fail open
	NoData     Basis = "nodata"      // answered with NODATA on purpose or for want of anything
)

// Decision is what an access domain answers to one class of clients.
type Decision struct {
	Basis  Basis
	Reason said.Said // the basis in a sentence
	Line   string    // the line that won, for proximity
	Rule   Rule      // among Picks
	Picks  []Pick
	// Override is the operator's order about the access domain as a whole, if there is one.
	Override *traffic.Override
}

// Pick is one pool that may be chosen, with the addresses it would answer.
type Pick struct {
	Pool    string
	Weight  int
	Line    string // the line that won among its addresses, for proximity
	Alias   bool   // entries are domain names, answered as one CNAME
	Rule    Rule   // among Entries
	Answers int    // how many entries an answer holds; at least 1
	Entries []Entry
}

// Entry is one address that may be answered.
type Entry struct {
	Address string // object name
	Value   string // IP or domain name
	Weight  int
}

// AddressState is what the engine holds of one address.
type AddressState struct {
	Enabled   bool
	Available bool
	Withdrawn bool // out by an operator's order, so not even a last resort
	Reason    said.Said
	OK, Total int               // health tasks
	Override  *traffic.Override // that decides, if one does
}

// PoolState is what the engine holds of one pool.
type PoolState struct {
	Enabled   bool
	Available bool
	Withdrawn bool // out by an override, so its addresses are not even a last resort
	Forced    bool // an override says that it is available, so its addresses count as such
	Reason    said.Said
	OK, Total int // available and enabled addresses
	Override  *traffic.Override
}

// Address judges one address (design 5.4).
func (e *Engine) Address(name string) AddressState {
	a := e.Config.Address(name)
	switch {
	case a == nil:
		return AddressState{Reason: saidMissing.With()}
	case !a.Enabled:
		return AddressState{Reason: saidDisabled.With()}
	}
	o := e.Config.Override(a.Key(), a.Labels, e.Lapsed)
	switch {
	case o != nil && o.Action == traffic.Drain:
		return AddressState{Enabled: true, Withdrawn: true, Reason: overrideReason(o), Override: o}
	case o == nil && a.Mode == traffic.ManualUnavailable:
		return AddressState{Enabled: true, Withdrawn: true, Reason: saidByHandDown.With()}
	case e.down(a): // what is withdrawn stays so: it must not come back as a last resort
		return AddressState{Enabled: true, Reason: saidPretended.With()}
	case o != nil:
		return AddressState{Enabled: true, Available: true, Reason: overrideReason(o), Override: o}
	case a.Mode == traffic.ManualAvailable:
		return AddressState{Enabled: true, Available: true, Reason: saidByHandUp.With()}
	}
	s := AddressState{Enabled: true}
	stale := 0
	for _, t := range a.Tasks {
		tpl := e.Config.Template(t.Template)
		if !t.Enabled || tpl == nil || !tpl.Enabled {
			continue
		}
		s.Total++
		v := e.Verdict(traffic.TaskKey{Address: a.Name, Template: t.Template, Port: t.EffectivePort(tpl.Protocol)})
		if v.Available() {
			s.OK++
		}
		if v.Stale {
			stale++
		}
	}
	s.Available = s.Total == 0 || a.Judgement.Holds(s.OK, s.Total)
	s.Reason = taskReason(a.Judgement, s, stale)
	if a.Family() == traffic.Domain && s.Available {
		if ok, hosted := e.hosted(a.Address); hosted {
			s.Available = ok
			if ok {
				s.Reason = saidHostedUp.With(s.Reason)
			} else {
				s.Reason = saidHostedDown.With()
			}
		}
	}
	return s
}

func (e *Engine) down(a *traffic.Address) bool { return e.Down[a.Name] || e.Down[a.Address] }

// hosted returns the availability of the access domains at a name, if there are any.
func (e *Engine) hosted(name string) (available, hosted bool) {
	if e.visiting[name] {
		// A cycle, which the check refuses; here it must only not hang.
		return true, false
	}
	if known, ok := e.names[name]; ok {
		return known.available, known.hosted
	}
	if e.visiting == nil {
		e.visiting, e.names = map[string]bool{}, map[string]inherited{}
	}
	e.visiting[name] = true
	defer func() {
		delete(e.visiting, name)
		e.names[name] = inherited{available, hosted}
	}()
	for _, d := range e.Config.At(name) {
		if !d.Enabled {
			continue
		}
		hosted = true
		if e.Domain(d) {
			available = true
		}
	}
	return available, hosted
}

// Pool judges one pool: enabled, and its judgement holds over its enabled members.
func (e *Engine) Pool(name string) PoolState {
	s, known := e.pools[name]
	if !known {
		s = e.judge(name)
		if e.pools == nil {
			e.pools = map[string]PoolState{}
		}
		e.pools[name] = s
	}
	return s
}

func (e *Engine) judge(name string) PoolState {
	p := e.Config.Pool(name)
	switch {
	case p == nil:
		return PoolState{Reason: saidMissing.With()}
	case !p.Enabled:
		return PoolState{Reason: saidDisabled.With()}
	}
	s := PoolState{Enabled: true}
	for i := range p.Members {
		m := &p.Members[i]
		if !m.Enabled {
			continue
		}
		if a := e.Address(m.Address); a.Enabled {
			s.Total++
			if a.Available {
				s.OK++
			}
		}
	}
	s.Override = e.Config.Override(p.Key(), p.Labels, e.Lapsed)
	switch {
	case s.Override == nil:
		s.Available = p.Judgement.Holds(s.OK, s.Total)
		s.Reason = poolReason(p.Judgement, s)
	case s.Override.Action == traffic.Drain:
		s.Withdrawn, s.Reason = true, overrideReason(s.Override)
	default:
		s = e.force(p, s)
	}
	return s
}

// force makes a pool available by an override, if it has anything to give: an order to
// use it brings back neither what is disabled nor what is withdrawn by itself.
func (e *Engine) force(p *traffic.Pool, s PoolState) PoolState {
	s.Forced, s.Reason = true, overrideReason(s.Override)
	s.Available = slices.ContainsFunc(e.addressCandidates(p, true), func(k *candidate) bool { return k.available })
	if !s.Available {
		s.Reason = saidForcedEmpty.With(s.Reason)
	}
	return s
}

// poolIn judges a pool as a member of an access domain that an override may be about.
func (e *Engine) poolIn(name string, domain *traffic.Override) PoolState {
	s := e.Pool(name)
	switch {
	case domain == nil || !s.Enabled:
	case domain.Action == traffic.Drain:
		s = PoolState{Enabled: true, Withdrawn: true, Reason: overrideReason(domain), OK: s.OK, Total: s.Total, Override: domain}
	case s.Override == nil: // one of the pool's own is nearer
		s.Override = domain
		s = e.force(e.Config.Pool(name), s)
	}
	return s
}

// PoolIn judges a pool as a member of an access domain, which an override may be about.
func (e *Engine) PoolIn(name string, d *traffic.AccessDomain) PoolState {
	return e.poolIn(name, e.over(d))
}

// over returns the override about an access domain, nil for none.
func (e *Engine) over(d *traffic.AccessDomain) *traffic.Override {
	return e.Config.Override(d.Key(), nil, e.Lapsed)
}

// Domain reports whether an access domain has an available pool.
func (e *Engine) Domain(d *traffic.AccessDomain) bool {
	o := e.over(d)
	for i := range d.Pools {
		if d.Pools[i].Enabled && e.poolIn(d.Pools[i].Pool, o).Available {
			return true
		}
	}
	return false
}

// Uses returns the lines that an access domain's answer depends on, at both levels,
// and whether it also depends on distance. With no lines the client plays no part.
func Uses(c Config, d *traffic.AccessDomain) (lines []string, distance bool) {
	set := map[string]bool{}
	add := func(s *traffic.Steering, links []string) {
		if s.Policy != traffic.Proximity {
			return
		}
		distance = distance || s.Order == traffic.OrderDistance
		for _, l := range links {
			if !set[l] {
				set[l] = true
				lines = append(lines, l)
			}
		}
	}
	for i := range d.Pools {
		m := &d.Pools[i]
		if !m.Enabled {
			continue
		}
		add(&d.Steering, m.Lines)
		if p := c.Pool(m.Pool); p != nil && p.Enabled {
			for j := range p.Members {
				if p.Members[j].Enabled {
					add(&p.Steering, p.Members[j].Lines)
				}
			}
		}
	}
	if distance && len(lines) == 0 {
		distance = false
	}
	return lines, distance
}
