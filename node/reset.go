package node

import (
	"context"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/traffic"
)

// resetCurrents lets a policy that is no longer non-preemptive forget the member it
// was on, so that it begins anew if it becomes so again (design 5.1.3). A control that
// begins to lead looks at all of them: the one before may have died in between.
func (n *node) resetCurrents(ctx context.Context, currents *distribute.CurrentsControl) error {
	select {
	case <-currents.Loaded():
	case <-ctx.Done():
		return nil
	}
	for _, c := range currents.All() {
		if c.Member != "" && n.gaveUp(c.Scope) {
			n.reset(ctx, currents, c.Scope)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case scope := <-n.resets:
			n.reset(ctx, currents, scope)
		}
	}
}

func (n *node) reset(ctx context.Context, currents *distribute.CurrentsControl, scope traffic.Key) {
	if c, ok := currents.Get(scope); !ok || c.Member == "" {
		return
	}
	if err := currents.Reset(ctx, scope); err != nil && ctx.Err() == nil {
		n.log.Error("forget current member", "scope", scope.String(), "error", err)
	}
}

// gaveUp reports whether a scope's policy stands and is not non-preemptive. What is
// gone keeps its member: it may be a node's that knows more than we do yet.
func (n *node) gaveUp(scope traffic.Key) (gave bool) {
	n.control.service.View(func(m *traffic.Model, _ traffic.Position) {
		o := m.Get(scope)
		gave = o != nil && !staying(o)
	})
	return gave
}

// staying reports whether an object has a policy that stays where it is.
func staying(o traffic.Object) bool {
	switch v := o.(type) {
	case *traffic.Pool:
		return v.Mode == traffic.NonPreemptive
	case *traffic.AccessDomain:
		return v.Mode == traffic.NonPreemptive
	}
	return false
}

// noteResets looks for policies that a step of configuration turns away from
// non-preemptive. It does not block the step: a full queue loses a reset of a mode
// that nobody changes a thousand times a second.
func (n *node) noteResets(changes []traffic.Change) {
	if !n.leads() {
		return
	}
	for _, c := range changes {
		if c.Key.Kind != traffic.KindPool && c.Key.Kind != traffic.KindAccessDomain || c.After != nil && staying(c.After) {
			continue
		}
		if _, ok := n.currents.Get(c.Key); !ok {
			continue
		}
		select {
		case n.resets <- c.Key:
		default:
		}
	}
}
