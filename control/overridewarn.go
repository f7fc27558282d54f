package control

import (
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// warningsShown bounds the warnings of one kind: a drain of a large site may take down
// hundreds of pools, and the effect lists every name.
const warningsShown = 10

// orderWarnings says what is easily overlooked about a step of an override.
func (s *Service) orderWarnings(c traffic.Change, e *steer.Effect, h steer.Health) []traffic.Problem {
	r := &traffic.Report{}
	names := emptied(e)
	s.View(func(m *traffic.Model, _ traffic.Position) {
		with, without := traffic.NewDraft(m), traffic.NewDraft(m)
		set := func(d *traffic.Draft, o traffic.Object) {
			if o == nil {
				d.Delete(c.Key)
				return
			}
			cp := *o.(*traffic.Override)
			d.Put(&cp)
		}
		set(without, c.Before)
		set(with, c.After)
		if o, ok := c.After.(*traffic.Override); ok {
			r.For(c.Key)
			reachWarnings(r, with, o)
			if o.Action == traffic.Drain {
				poolWarnings(r, without, with, o, h)
			}
		}
	})
	for i, n := range names {
		if i == warningsShown {
			r.For(c.Key).Warnf("", "empty", "%d more access domains come to answer their last resort or NODATA; the effect names them", len(names)-i)
			break
		}
		r.For(traffic.Key{Kind: traffic.KindAccessDomain, Name: n.key}).Warnf("", n.code, "%s", n.text)
	}
	return r.Warnings
}

type emptiedName struct{ key, code, text string }

// emptied lists the names whose clients come to get nothing, then those that come to
// get the last resort.
func emptied(e *steer.Effect) []emptiedName {
	var nothing, last []emptiedName
	for _, n := range e.Names {
		var none, resort []string
		for _, c := range n.Classes {
			switch {
			case !c.Empty || c.After == nil:
			case c.After.Basis == steer.NoData:
				none = append(none, c.Line)
			default:
				resort = append(resort, c.Line)
			}
		}
		key := n.Name + "/" + n.Type
		if len(none) > 0 {
			nothing = append(nothing, emptiedName{key, "nodata", "answers NODATA to " + clients(none, len(n.Classes)) + "; nobody can reach it by this name, and resolvers keep that answer too"})
		}
		if len(resort) > 0 {
			last = append(last, emptiedName{key, "last_resort", "answers its last resort to " + clients(resort, len(n.Classes)) + ": no pool of it is available"})
		}
	}
	return append(nothing, last...)
}

func clients(lines []string, of int) string {
	if len(lines) == of {
		return "all clients"
	}
	return "clients of " + strings.Join(lines[:min(len(lines), warningsShown)], ", ")
}

// reachWarnings: an order that reaches nothing now, or that a stronger one overrules.
func reachWarnings(r *traffic.Report, with *traffic.Draft, o *traffic.Override) {
	n, overruled := 0, 0
	steer.Reached(with, o, func(k traffic.Key) {
		n++
		first := with.Override(k, metaOf(with.Get(k)).Labels, nil)
		if first == nil || first.Action == o.Action {
			return
		}
		if overruled++; overruled <= warningsShown {
			r.Warnf("", "overruled", "has no say about %s: %s (%s) is stronger; a named target goes before a selector, then drain before enable", traffic.TargetOf(k), first.ID, first.Order())
		}
	})
	switch {
	case n > 0:
	case o.Selector != "":
		r.Warnf("selector", "selects_nothing", "no address and no pool has these labels now; those that get them later are reached")
	default:
		r.Warnf("target", "target_gone", "%s does not exist now; the order holds if it comes back", o.Target)
	}
}

// poolWarnings names the pools that become unavailable without being drained themselves.
func poolWarnings(r *traffic.Report, without, with *traffic.Draft, o *traffic.Override, h steer.Health) {
	was := &steer.Engine{Config: without, Verdict: h.Verdict, Current: h.Current}
	is := &steer.Engine{Config: with, Verdict: h.Verdict, Current: h.Current}
	seen := map[string]bool{}
	steer.Reached(with, o, func(k traffic.Key) {
		if k.Kind == traffic.KindAddress {
			for _, u := range with.Users(k) {
				seen[u.Name] = seen[u.Name] || u.Kind == traffic.KindPool
			}
		}
	})
	var down []string
	for p, ok := range seen {
		if after := is.Pool(p); ok && was.Pool(p).Available && !after.Available && !after.Withdrawn {
			down = append(down, p)
		}
	}
	slices.Sort(down)
	for i, p := range down {
		if i == warningsShown {
			r.Warnf("", "pool_unavailable", "makes %d more pools unavailable", len(down)-i)
			return
		}
		r.Warnf("", "pool_unavailable", "makes pool %s unavailable: %s", p, is.Pool(p).Reason)
	}
}
