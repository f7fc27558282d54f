package steer

import (
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Trace is the record of one decision: every pool and address that was considered,
// in serial order, with the reason it was taken or left.
type Trace struct {
	Pools []Considered `json:"pools"`

	byPool map[string][]Considered
	forced map[string]bool // pools whose addresses count as available here
}

// Considered is one member, at either level.
type Considered struct {
	Name      string       `json:"name"`
	Value     string       `json:"value,omitempty" doc:"IP or domain name, for an address."`
	Serial    int          `json:"serial"`
	Weight    int          `json:"weight"`
	Lines     []string     `json:"lines"`
	Policy    string       `json:"policy,omitempty" doc:"The pool's own policy."`
	Available bool         `json:"available"`
	State     string       `json:"state" doc:"Why it is available or not."`
	StateSaid said.Said    `json:"state_said,omitzero" doc:"State with its code."`
	Taken     bool         `json:"taken"`
	Why       string       `json:"why" doc:"Why it was taken or left."`
	WhySaid   said.Said    `json:"why_said,omitzero" doc:"Why with its code."`
	Override  *Ordered     `json:"override,omitempty" doc:"The operator's order that decides about it."`
	Addresses []Considered `json:"addresses,omitempty"`
}

// Explain decides like Decide and tells how it came to it. The decision is the
// same: both run the same code.
func (e *Engine) Explain(d *traffic.AccessDomain, c Client) (Decision, Trace) {
	tr := Trace{byPool: map[string][]Considered{}, forced: map[string]bool{}}
	dec := e.decide(d, c, &tr)
	for i := range tr.Pools {
		p := &tr.Pools[i]
		p.Addresses = tr.byPool[p.Name]
		pool := e.Config.Pool(p.Name)
		if pool == nil {
			continue
		}
		p.Policy = string(pool.Policy)
		if p.Addresses == nil {
			for _, k := range e.addressCandidates(pool, tr.forced[p.Name]) {
				p.Addresses = append(p.Addresses, considered(k, false, saidPoolNotTaken.With()))
			}
		}
	}
	return dec, tr
}

func (tr *Trace) pools(d *traffic.AccessDomain, cands []*candidate, ch choice) {
	for _, k := range cands {
		tr.forced[k.name] = k.forced
		taken := slices.Contains(ch.taken, k) || !k.why.IsZero()
		why := k.why
		if why.IsZero() {
			why = because(&d.Steering, k, ch, taken)
		}
		tr.Pools = append(tr.Pools, Considered{Name: k.name, Serial: k.link.Serial, Weight: k.link.Weight, Lines: k.link.Lines,
			Available: k.available, State: k.reason.String(), StateSaid: k.reason, Taken: taken, Why: why.String(), WhySaid: why, Override: OrderedBy(k.override)})
	}
}

func (tr *Trace) addresses(p *traffic.Pool, cands []*candidate, ch choice) {
	for _, k := range cands {
		tr.byPool[p.Name] = append(tr.byPool[p.Name], considered(k, slices.Contains(ch.taken, k), because(&p.Steering, k, ch, slices.Contains(ch.taken, k))))
	}
}

func (tr *Trace) lastResort(p *traffic.Pool, cands, keep []*candidate) {
	for _, k := range cands {
		taken, why := slices.Contains(keep, k), saidLastNotNeeded.With()
		switch {
		case taken && k.available:
			why = saidLastUp.With()
		case taken:
			why = saidLastAll.With()
		case k.withdrawn:
			why = saidLastWithdrawn.With()
		case !k.enabled:
			why = left(k.reason)
		case !k.available:
			why = saidLastUnavailable.With()
		}
		tr.byPool[p.Name] = append(tr.byPool[p.Name], considered(k, taken, why))
	}
}

func considered(k *candidate, taken bool, why said.Said) Considered {
	return Considered{Name: k.name, Value: k.value, Serial: k.link.Serial, Weight: k.link.Weight, Lines: k.link.Lines, Available: k.available, State: k.reason.String(), StateSaid: k.reason,
		Taken: taken, Why: why.String(), WhySaid: why, Override: OrderedBy(k.override)}
}

// Ordered is an override as it shows at what it decides about.
type Ordered struct {
	ID       string         `json:"id"`
	Action   traffic.Action `json:"action" enum:"drain,enable"`
	Target   string         `json:"target,omitempty"`
	Selector string         `json:"selector,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Author   string         `json:"author"`
	EndsAt   time.Time      `json:"ends_at,omitzero"`
}

// OrderedBy returns what to show of an override, nil for none.
func OrderedBy(o *traffic.Override) *Ordered {
	if o == nil {
		return nil
	}
	return &Ordered{ID: o.ID, Action: o.Action, Target: o.Target, Selector: o.Selector, Reason: o.Reason, Author: o.Author, EndsAt: o.EndsAt}
}

// because says why a member was taken or left by a policy.
func because(s *traffic.Steering, k *candidate, ch choice, taken bool) said.Said {
	switch {
	case taken && s.Policy == traffic.RoundRobin:
		return saidTakenTurn.With()
	case taken && s.Policy == traffic.Weighted:
		return saidTakenWeight.With(k.link.Weight)
	case taken:
		return saidTaken.With(ch.reason)
	case !k.enabled || !k.available:
		return left(k.reason)
	case len(ch.taken) == 0:
		return saidLeftNone.With()
	case s.Policy == traffic.Proximity && ch.line != "" && !slices.Contains(k.link.Lines, ch.line):
		return saidLeftLine.With(strings.Join(k.link.Lines, ", "), ch.line)
	case s.Policy == traffic.Proximity:
		return saidLeftSameLine.With(ch.taken[0].name)
	}
	return saidLeftSerial.With(ch.taken[0].name)
}
