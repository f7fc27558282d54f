package api

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// stripAnswer is heartbeat strips of one kind of objects.
type stripAnswer struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Step   float64   `json:"step_seconds"`
	Strips []strip   `json:"strips" doc:"In the order in which they were asked for."`
}

type strip struct {
	Kind  string   `json:"kind"`
	Name  string   `json:"name"`
	Slots []string `json:"slots" doc:"State of each slot, the oldest first: up, down, degraded (down for a part of it, or of an address some of its tasks), unknown."`
	Up    *float64 `json:"up_share,omitempty" doc:"Share of the known time in which it was up; absent when nothing is known."`
}

const (
	defaultSlots = 48
	mostSlots    = 500
	mostStrips   = 200
)

func (s *server) stripRoutes() {
	s.route(route{method: "GET", path: "/history/strip", id: "readStrips", summary: "State over time in slots, of one object or of many", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{query("kind", huma.TypeString, "task, address, pool or vantage."), query("name", huma.TypeString, "ADDRESS/TEMPLATE/PORT of a task, else the name; several times for several objects."),
			query("points", huma.TypeInteger, fmt.Sprintf("How many slots, 1 to %d; default %d.", mostSlots, defaultSlots))}, timeParams...),
		answer: s.schemaOf(reflect.TypeFor[stripAnswer]()), handle: s.strips})
}

func (s *server) strips(c *call) (answer, error) {
	q := c.URL.Query()
	kind, names := q.Get("kind"), q["name"]
	if kind == "" {
		kind = history.OfAddress
	}
	switch kind {
	case history.OfTask, history.OfAddress, history.OfPool, history.OfVantage:
	default:
		return answer{}, invalidField("kind", "invalid_parameter", fmt.Sprintf("is %q; use task, address, pool or vantage", kind))
	}
	if len(names) == 0 || len(names) > mostStrips {
		return answer{}, invalidField("name", "invalid_parameter", fmt.Sprintf("give 1 to %d names", mostStrips))
	}
	points := defaultSlots
	if v := q.Get("points"); v != "" {
		var err error
		if points, err = strconv.Atoi(v); err != nil || points < 1 || points > mostSlots {
			return answer{}, invalidField("points", "invalid_parameter", fmt.Sprintf("must be 1 to %d", mostSlots))
		}
	}
	from, until, err := s.timesOf(c, time.Hour)
	if err != nil {
		return answer{}, err
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	courses, err := h.Courses(ctx, kind, names, from, until)
	if err != nil {
		return answer{}, historyError(err)
	}
	out := stripAnswer{From: from, Until: until, Step: until.Sub(from).Seconds() / float64(points), Strips: []strip{}}
	s.control.ViewMeta(func(m *traffic.Model, _ traffic.Position, meta func(traffic.Key) store.Meta) {
		e := &steer.Engine{Config: m, Verdict: s.Health.Verdict, Current: s.Health.Current}
		for _, n := range names {
			p := s.presentOf(m, e, kind, n)
			switch kind { // the first transition tells what was before it, and not that it was there
			case history.OfAddress:
				p.made = meta(traffic.Key{Kind: traffic.KindAddress, Name: n}).CreatedAt
			case history.OfPool:
				p.made = meta(traffic.Key{Kind: traffic.KindPool, Name: n}).CreatedAt
			}
			out.Strips = append(out.Strips, slotsOf(kind, n, courses[n], p, from, until, points))
		}
	})
	return answer{body: out}, nil
}

// present is what is known of an object without history: its state now, and since when
// there was one.
type present struct {
	state string
	since time.Time
	made  time.Time // when it was configured; zero where that is not known
}

// presentOf tells the present of what has not changed as far as history goes.
func (s *server) presentOf(m *traffic.Model, e *steer.Engine, kind, name string) (p present) {
	tasks := func(a *traffic.Address, only string) {
		e.EachTask(a, func(k traffic.TaskKey) {
			v := e.Verdict(k)
			if v.State == verdict.Unknown || only != "" && k.String() != only {
				return
			}
			if only != "" {
				p.state = v.State.String()
			}
			if p.since.IsZero() || v.Since.Before(p.since) {
				p.since = v.Since
			}
		})
	}
	word := map[bool]string{true: "up", false: "down"}
	switch kind {
	case history.OfTask:
		address, _, _ := strings.Cut(name, "/")
		if a := m.Address(address); a != nil {
			tasks(a, name)
		}
	case history.OfAddress:
		if a := m.Address(name); a != nil {
			tasks(a, "")
			p.state = word[e.Address(name).Available]
		}
	case history.OfPool:
		if o := m.Pool(name); o != nil {
			for i := range o.Members {
				if a := m.Address(o.Members[i].Address); a != nil {
					tasks(a, "")
				}
			}
			p.state = word[e.Pool(name).Available]
		}
	}
	if p.since.IsZero() { // nothing of it was ever judged
		return present{}
	}
	return p
}

// clipped makes unknown what was before a time.
func clipped(held []heldState, made time.Time) []heldState {
	var out []heldState
	for _, h := range held {
		switch {
		case !h.from.Before(made):
		case h.until.After(made):
			out = append(out, heldState{h.from, made, ""})
			h.from = made
		default:
			h.state = ""
		}
		out = append(out, h)
	}
	return out
}

// heldState is a state that held for a time.
type heldState struct {
	from, until time.Time
	state       string // up, down, "" for unknown
}

// heldStates lays a course out over a time.
func heldStates(c *history.Course, p present, from, until time.Time) []heldState {
	word := func(state string) string {
		switch state {
		case "up", "available", "heard":
			return "up"
		case "down", "unavailable", "lost", "isolated":
			return "down"
		}
		return ""
	}
	if c.Before == "" && len(c.Moves) == 0 {
		if p.state == "" || !p.since.Before(until) {
			return []heldState{{from, until, ""}}
		}
		if p.since.After(from) {
			return []heldState{{from, p.since, ""}, {p.since, until, p.state}}
		}
		return []heldState{{from, until, p.state}}
	}
	at, state := from, word(c.Before)
	var out []heldState
	for _, m := range c.Moves {
		out = append(out, heldState{at, m.At, state})
		at, state = m.At, word(m.State)
	}
	return append(out, heldState{at, until, state})
}

// slotsOf cuts a course into slots of equal length.
func slotsOf(kind, name string, c *history.Course, p present, from, until time.Time, points int) strip {
	out := strip{Kind: kind, Name: name, Slots: make([]string, points)}
	held := clipped(heldStates(c, p, from, until), p.made)
	var parts []heldState
	for _, part := range c.Parts {
		for _, h := range heldStates(part, present{}, from, until) {
			if h.state == "down" {
				parts = append(parts, h)
			}
		}
	}
	step := until.Sub(from) / time.Duration(points)
	var up, known time.Duration
	for _, h := range held {
		switch h.state {
		case "up":
			up += h.until.Sub(h.from)
			known += h.until.Sub(h.from)
		case "down":
			known += h.until.Sub(h.from)
		}
	}
	if known > 0 {
		share := float64(up) / float64(known)
		out.Up = &share
	}
	within := func(h heldState, a, b time.Time) bool { return h.from.Before(b) && h.until.After(a) }
	for i := range out.Slots {
		a := from.Add(time.Duration(i) * step)
		b := a.Add(step)
		seen := map[string]bool{}
		for _, h := range held {
			if within(h, a, b) {
				seen[h.state] = true
			}
		}
		troubled := slices.ContainsFunc(parts, func(h heldState) bool { return within(h, a, b) })
		switch {
		case seen["down"] && !seen["up"] && !seen[""]:
			out.Slots[i] = "down"
		case seen["down"], seen["up"] && troubled:
			out.Slots[i] = "degraded"
		case seen["up"]:
			out.Slots[i] = "up"
		default:
			out.Slots[i] = "unknown"
		}
	}
	return out
}
