package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Failback lets a non-preemptive policy forget the member it is on; package node
// implements it. When it returns nil, the order is stored, and nodes that are cut off
// hear it when they return.
type Failback interface {
	Reset(ctx context.Context, scope traffic.Key) error
}

// FailbackResult is what a failback did or, dry, would do.
type FailbackResult struct {
	Target string `json:"target" doc:"The pool or access domain, as targets are written."`
	DryRun bool   `json:"dry_run,omitempty"`
	From   string `json:"from" doc:"The member that it was on; empty when it had never chosen."`
	To     string `json:"to" doc:"The member that its rule chooses by health as it is now; empty when none is available."`
}

// NotNonPreemptive refuses a failback of what has nothing to go back from.
type NotNonPreemptive struct {
	Key    traffic.Key
	Policy traffic.Policy
	Mode   string
}

func (e *NotNonPreemptive) Error() string {
	return fmt.Sprintf("%s has policy %s %s", e.Key, e.Policy, e.Mode)
}

// Failback resets the current member of a non-preemptive policy: all nodes choose anew
// (design 5.1.3). Current members are no configuration, so it makes no revision. cs
// says who asks and under which key. Errors: *TargetError, *NotNonPreemptive, *Denied,
// ErrKeyReused, ErrUnavailable.
func (s *Service) Failback(ctx context.Context, target string, cs ChangeSet, dry bool, h steer.Health, by Failback) (FailbackResult, error) {
	var out FailbackResult
	if cs.IdempotencyKey != "" && !dry {
		r, err := s.store.FindReply(ctx, cs.Principal, cs.IdempotencyKey)
		switch {
		case err == nil && string(r.Request) != string(cs.Request):
			return out, ErrKeyReused
		case err == nil:
			return out, json.Unmarshal(r.Body, &out)
		case !errors.Is(err, store.ErrNotFound):
			return out, err
		}
	}
	k, err := s.Target(target)
	if err != nil {
		return out, err
	}
	if out, err = s.failback(k, cs.Permit, h); err != nil || dry {
		out.DryRun = dry
		return out, err
	}
	if by == nil {
		return out, ErrUnavailable
	}
	if err := by.Reset(ctx, k); err != nil {
		return out, err
	}
	ctx = context.WithoutCancel(ctx) // it is done; what follows only tells it
	if cs.IdempotencyKey != "" {
		body, err := json.Marshal(out)
		if err != nil {
			return out, fmt.Errorf("encode reply: %w", err)
		}
		err = s.store.AddReply(ctx, store.Reply{Principal: cs.Principal, Key: cs.IdempotencyKey, Request: cs.Request, Body: body}, s.now())
		if err != nil && !errors.Is(err, store.ErrExists) {
			return out, err
		}
	}
	text := saidFailback.With(out.Target, cs.Author, orNone(out.From), orNone(out.To))
	if cs.Comment != "" {
		text = saidCommented.With(out.Target, cs.Author, orNone(out.From), orNone(out.To), cs.Comment)
	}
	s.Record(Event{Kind: "failback", Subject: out.Target, Severity: "info", Text: text.String()})
	return out, nil
}

var (
	saidFailback  = said.New("event.failback", "failback of {target} by {author}, from {from} to {to}")
	saidCommented = said.New("event.failback_comment", "failback of {target} by {author}, from {from} to {to}: {comment}")
)

func orNone(member string) string {
	if member == "" {
		return "no member"
	}
	return member
}

// failback says where a scope is and where it would go.
func (s *Service) failback(k traffic.Key, may Permit, h steer.Health) (out FailbackResult, err error) {
	out.Target = traffic.TargetOf(k)
	anew := &steer.Engine{Verdict: h.Verdict, Current: func(scope traffic.Key) string {
		if scope == k || h.Current == nil {
			return ""
		}
		return h.Current(scope)
	}}
	s.View(func(m *traffic.Model, _ traffic.Position) {
		anew.Config = m
		o := m.Get(k)
		var steering traffic.Steering
		switch v := o.(type) {
		case *traffic.Pool:
			steering, out.To = v.Steering, anew.CurrentAddress(v)
		case *traffic.AccessDomain:
			steering, out.To = v.Steering, anew.CurrentPool(v)
		case nil:
			err = &TargetError{Text: out.Target}
			return
		}
		if steering.Policy != traffic.Sequential || steering.Mode != traffic.NonPreemptive {
			err = &NotNonPreemptive{Key: k, Policy: steering.Policy, Mode: steering.Mode}
			return
		}
		if may != nil {
			err = may.object(m, o)
		}
	})
	if h.Current != nil {
		out.From = h.Current(k)
	}
	return out, err
}
