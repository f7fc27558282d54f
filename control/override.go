package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// OverrideWish is a new override as somebody asks for it.
type OverrideWish struct {
	Action   traffic.Action
	Target   string // as Service.Target takes it
	Selector string
	Reason   string
	For      time.Duration // 0: until somebody clears it
}

// OverrideEdit changes an override; nil leaves a part as it is.
type OverrideEdit struct {
	Reason *string
	For    *time.Duration // from now on; 0: until somebody clears it
}

// OverrideResult is what a write of an override did or, dry, would do.
type OverrideResult struct {
	Revision uint64         `json:"revision" doc:"Revision that holds the change; the present one on a dry run."`
	DryRun   bool           `json:"dry_run,omitempty"`
	Override *OverrideState `json:"override,omitempty" doc:"As it stands now; absent when it was cleared."`
	Plan
	Effect steer.Effect `json:"effect" doc:"What clients get, before and after, by health as it is now."`
	Caches Caches       `json:"caches"`
	// Replayed: the idempotency key was seen before, nothing was done now.
	Replayed bool `json:"-"`
}

// Caches says how long answers from before a change live on.
type Caches struct {
	Names     []CachedName `json:"names" doc:"Access domains that are answered otherwise now: for a drain, those that answered it."`
	More      int          `json:"more" doc:"How many there are besides names."`
	CachedFor uint32       `json:"cached_for" doc:"Seconds that a cache may keep the last answer from before, over all of them."`
	Until     time.Time    `json:"cached_until" doc:"When the last of those answers has expired, if every node has the change now; the override's own cached_until is known when they do."`
}

// CachedName is one of them.
type CachedName struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	CachedFor uint32 `json:"cached_for"`
}

// namesShown bounds the names that a result and a stored record hold.
const namesShown = 100

func (s *Service) caches(e *steer.Effect) Caches {
	c := Caches{Names: []CachedName{}, CachedFor: e.CachedFor, Until: s.now().Add(time.Duration(e.CachedFor) * time.Second)}
	for _, n := range e.Names[:min(len(e.Names), namesShown)] {
		c.Names = append(c.Names, CachedName{n.Name, n.Type, n.CachedFor})
	}
	c.More = len(e.Names) + e.Omitted - len(c.Names)
	return c
}

// Override gives a new order. cs says who, why and under which key, dry only tells
// what it would do. Errors are those of Commit, and *TargetError.
func (s *Service) Override(ctx context.Context, w OverrideWish, cs ChangeSet, dry bool, h steer.Health) (OverrideResult, error) {
	o := &traffic.Override{ID: newOverrideID(), Action: w.Action, Selector: w.Selector, Reason: w.Reason, Author: cs.Author}
	if dry {
		o.ID = "(new)"
	}
	if w.Target != "" {
		k, err := s.Target(w.Target)
		if err != nil {
			return OverrideResult{}, err
		}
		o.Target = traffic.TargetOf(k)
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return OverrideResult{}, err
	}
	o.CreatedAt = now
	endIn(o, now, w.For)
	cs.Put, cs.If = []traffic.Object{o}, append(cs.If, Condition{Key: o.Key(), Absent: true})
	return s.order(ctx, nil, o, cs, dry, h)
}

// newOverrideID is short enough to be typed: 40 random bits among the few overrides
// that stand at one time, and a meeting is refused.
func newOverrideID() string {
	var b [5]byte
	rand.Read(b[:])
	const digits = "abcdefghijkmnpqrstuvwxyz23456789"
	id := []byte("override-")
	bits := uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])
	for range 8 {
		id, bits = append(id, digits[bits&31]), bits>>5
	}
	return string(id)
}

func endIn(o *traffic.Override, now time.Time, d time.Duration) {
	o.EndsAt, o.Lasts = time.Time{}, traffic.Duration(d)
	if d != 0 {
		o.EndsAt = now.Add(d)
	}
}

// EditOverride changes the end or the reason of an order. With conditions in cs it
// changes just the version they ask for, else the one that stands.
func (s *Service) EditOverride(ctx context.Context, id string, edit OverrideEdit, cs ChangeSet, dry bool, h steer.Health) (OverrideResult, error) {
	k := traffic.Key{Kind: traffic.KindOverride, Name: id}
	asked := cs.If
	for {
		st, err := s.Get(k)
		if err != nil {
			return OverrideResult{}, err
		}
		before := st.Object.(*traffic.Override)
		o := *before
		if edit.Reason != nil {
			o.Reason = *edit.Reason
		}
		if edit.For != nil {
			now, err := s.store.Now(ctx)
			if err != nil {
				return OverrideResult{}, err
			}
			endIn(&o, now, *edit.For)
		}
		// Held to what was read, so that nothing in between is lost.
		cs.Put, cs.If = []traffic.Object{&o}, append(asked[:len(asked):len(asked)], Condition{Key: k, Version: st.Meta.Revision})
		r, err := s.order(ctx, before, &o, cs, dry, h)
		if errors.Is(err, ErrVersion) && len(asked) == 0 && ctx.Err() == nil {
			continue
		}
		return r, err
	}
}

// ClearOverride ends an order.
func (s *Service) ClearOverride(ctx context.Context, id string, cs ChangeSet, dry bool, h steer.Health) (OverrideResult, error) {
	k := traffic.Key{Kind: traffic.KindOverride, Name: id}
	var before *traffic.Override
	if st, err := s.Get(k); err == nil {
		before = st.Object.(*traffic.Override)
	}
	cs.Delete, cs.If = []traffic.Key{k}, append(cs.If, Condition{Key: k})
	return s.order(ctx, before, nil, cs, dry, h)
}

// order plans or commits one step of one override and says what it means. An order is
// given in trouble, so it is committed first and its effect looked at afterwards.
func (s *Service) order(ctx context.Context, before, after *traffic.Override, cs ChangeSet, dry bool, h steer.Health) (OverrideResult, error) {
	c := traffic.Change{}
	if before != nil {
		c.Key, c.Before = before.Key(), before
	}
	if after != nil {
		after.Normalize()
		c.Key, c.After = after.Key(), after
	}
	if cs.Comment == "" {
		cs.Comment = orderComment(before, after)
	}
	out := OverrideResult{DryRun: dry}
	if dry {
		p, err := s.Preview(ctx, cs, h)
		if err != nil {
			return out, err
		}
		head, err := s.Head(ctx)
		if err != nil {
			return out, err
		}
		out.Revision, out.Plan, out.Effect = head.Revision, p.Plan, p.Effect
		if after != nil {
			out.Override = &OverrideState{Override: *after, State: StatePlanned, CachedFor: p.Effect.CachedFor, Waiting: []string{}, Unknown: []string{}, Names: []string{}}
		}
	} else {
		cs.Return = c.Key
		if cs.Audit != nil && c.Key.Name != "" {
			cs.Audit.Object = c.Key.String()
		}
		h = s.freeze(h)
		r, err := s.Commit(ctx, cs)
		if err != nil {
			return out, err
		}
		if r.Object != nil { // of a repeated request, the first one's
			o := *r.Object.Object.(*traffic.Override)
			c.Key, c.After = o.Key(), &o
		}
		out.Revision, out.Plan, out.Replayed, out.Effect = r.Revision, r.Plan, r.Replayed, s.effectOf(c, h)
		if err := s.ordered(ctx, c, cs, r, &out); err != nil {
			s.log.Warn("what an override does is not kept", "override", c.Key.Name, "err", err)
		}
	}
	out.Caches = s.caches(&out.Effect)
	out.Warnings = append(out.Warnings, s.orderWarnings(c, &out.Effect, h)...)
	return out, nil
}

// ordered keeps what the committed step means and tells those who watch.
func (s *Service) ordered(ctx context.Context, c traffic.Change, cs ChangeSet, r Result, out *OverrideResult) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	if o, ok := c.After.(*traffic.Override); ok {
		if c.Before == nil && !r.Replayed {
			err = s.store.AddSpread(ctx, s.spreadOf(o.ID, r.Revision, &out.Effect))
		}
		out.Override = &OverrideState{Override: *o, Version: r.Object.Meta.Revision, UpdatedAt: r.Object.Meta.UpdatedAt,
			State: StateSpreading, CachedFor: out.Effect.CachedFor, Waiting: []string{}, Unknown: []string{}, Names: []string{}}
	}
	if r.Replayed || len(r.Changes) == 0 {
		return err
	}
	s.Record(orderEvent(c, cs.Author, ""))
	return err
}

// orderEvent tells one step of an override; word is what happened, found out when "".
func orderEvent(c traffic.Change, author, word string) Event {
	o, _ := c.After.(*traffic.Override)
	switch {
	case word != "":
	case o == nil:
		word = "cleared"
	case c.Before == nil:
		word = "created"
	default:
		word = "changed"
	}
	if o == nil {
		o, _ = c.Before.(*traffic.Override)
	}
	e := Event{Kind: "override", Subject: c.Key.Name, Severity: "info"}
	text := saidOrderGone.With(word, author)
	if o != nil {
		until := ""
		if word == "created" && o.Action == traffic.Drain {
			e.Severity = "warning"
		}
		if word != "cleared" && word != "expired" && !o.EndsAt.IsZero() {
			until = o.EndsAt.Format(time.DateTime + "Z")
		}
		switch {
		case until == "" && o.Reason == "":
			text = saidOrder.With(string(o.Action), about(o), word, author)
		case o.Reason == "":
			text = saidOrderUntil.With(string(o.Action), about(o), word, author, until)
		case until == "":
			text = saidOrderReason.With(string(o.Action), about(o), word, author, o.Reason)
		default:
			text = saidOrderBoth.With(string(o.Action), about(o), word, author, until, o.Reason)
		}
		e.Data = json.RawMessage(traffic.Encode(o))
	}
	e.Text = text.String()
	return e
}

// Steps of an override; what happened is created, changed, cleared, expired or spread out.
var (
	saidOrder       = said.New("event.override", "{action} {target} {step} by {author}")
	saidOrderGone   = said.New("event.override_gone", "{step} by {author}")
	saidOrderUntil  = said.New("event.override_until", "{action} {target} {step} by {author}, until {time}")
	saidOrderReason = said.New("event.override_reason", "{action} {target} {step} by {author}: {reason}")
	saidOrderBoth   = said.New("event.override_until_reason", "{action} {target} {step} by {author}, until {time}: {reason}")
)

func orderComment(before, after *traffic.Override) string {
	switch {
	case after == nil && before == nil:
		return "clear override"
	case after == nil:
		return fmt.Sprintf("clear %s (%s)", before.ID, before.Order())
	case before == nil:
		return fmt.Sprintf("%s (%s)", after.ID, after.Order())
	}
	return fmt.Sprintf("change %s (%s)", after.ID, after.Order())
}

// freeze keeps the current members as they are, so that an effect looked at after the
// commit still knows where non-preemptive policies stood before.
func (s *Service) freeze(h steer.Health) steer.Health {
	if h.Current == nil {
		return h
	}
	at := map[traffic.Key]string{}
	s.View(func(m *traffic.Model, _ traffic.Position) {
		m.Each(traffic.KindPool, func(o traffic.Object) bool {
			if o.(*traffic.Pool).Mode == traffic.NonPreemptive {
				at[o.Key()] = h.Current(o.Key())
			}
			return true
		})
		m.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
			if o.(*traffic.AccessDomain).Mode == traffic.NonPreemptive {
				at[o.Key()] = h.Current(o.Key())
			}
			return true
		})
	})
	h.Current = func(k traffic.Key) string { return at[k] }
	return h
}

// effectOf compares what stands with what would stand without a committed step.
func (s *Service) effectOf(c traffic.Change, h steer.Health) (e steer.Effect) {
	s.View(func(m *traffic.Model, _ traffic.Position) {
		was := traffic.NewDraft(m)
		if c.Before == nil {
			was.Delete(c.Key)
		} else {
			o := *c.Before.(*traffic.Override)
			was.Put(&o)
		}
		e = steer.Compare(was, m, []traffic.Change{c}, h)
	})
	return e
}

// about is what an override reaches.
func about(o *traffic.Override) string {
	if o.Selector != "" {
		return o.Selector
	}
	return o.Target
}
