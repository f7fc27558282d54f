package api

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
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

func (s *server) incidentRoutes() {
	s.route(route{method: "GET", path: "/history/incidents", id: "listIncidents", summary: "What went wrong together, from the first cause to the answers that changed: open ones first, then newest first", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{query("open", huma.TypeBoolean, "Only those that are open, or have ended."),
			query("kind", huma.TypeString, "With subject: task, vantage, address, pool or domain."), query("subject", huma.TypeString, "Only incidents that reach this object.")}, append(optional(timeParams), pageParams...)...),
		answer: s.listOf("IncidentList", s.schemaOf(reflect.TypeFor[history.Incident]())), handle: s.incidentList})
	s.route(route{method: "GET", path: "/history/incidents/{id}", id: "getIncident", summary: "Read an incident", tag: "Health", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[history.Incident]()), handle: s.oneIncident})
	s.route(route{method: "GET", path: "/history/strip", id: "readStrips", summary: "State over time in slots, of one object or of many", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{query("kind", huma.TypeString, "task, address, pool or vantage."), query("name", huma.TypeString, "ADDRESS/TEMPLATE/PORT of a task, else the name; several times for several objects."),
			query("points", huma.TypeInteger, fmt.Sprintf("How many slots, 1 to %d; default %d.", mostSlots, defaultSlots))}, timeParams...),
		answer: s.schemaOf(reflect.TypeFor[stripAnswer]()), handle: s.strips})
}

// openIncidents returns the incidents that what is down now belongs to.
func (s *server) openIncidents(ctx context.Context, h *history.History) ([]uint64, error) {
	var of []history.Subject
	for _, t := range s.Live.Tasks() {
		if t.State == "down" {
			of = append(of, history.Subject{Kind: history.OfTask, Name: t.TaskKey.String()})
		}
	}
	for _, v := range s.Live.Vantages() {
		if v.State != "alive" {
			of = append(of, history.Subject{Kind: history.OfVantage, Name: v.ID})
		}
	}
	last, err := h.Last(ctx, of[:min(len(of), mostOpen)])
	if err != nil {
		return nil, err
	}
	ids := []uint64{}
	for _, t := range last {
		if !slices.Contains(ids, t.Incident) {
			ids = append(ids, t.Incident)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// mostOpen bounds the objects whose incidents are looked up as open.
const mostOpen = 1000

func (s *server) incidentList(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	limit = min(limit, defaultLimit) // each is read by itself
	q := c.URL.Query()
	f := history.IncidentFilter{Kind: q.Get("kind"), Subject: q.Get("subject"), Limit: limit + 1}
	switch f.Kind {
	case "", history.OfTask, history.OfVantage, history.OfAddress, history.OfPool, history.OfDomain:
	default:
		return answer{}, invalidField("kind", "invalid_parameter", fmt.Sprintf("is %q; use task, vantage, address, pool or domain", f.Kind))
	}
	if (f.Kind == "") != (f.Subject == "") {
		return answer{}, invalidField("subject", "invalid_parameter", "stands with kind: give both or none")
	}
	wantOpen, wantEnded := true, true
	if v := q.Get("open"); v != "" {
		open, err := strconv.ParseBool(v)
		if err != nil {
			return answer{}, invalidField("open", "invalid_parameter", "must be true or false")
		}
		wantOpen, wantEnded = open, !open
	}
	if v := q.Get("cursor"); v != "" {
		if f.Before, err = strconv.ParseUint(v, 10, 63); err != nil || f.Before == 0 {
			return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list; leave it out to begin anew")
		}
	}
	if f.From, f.Until, err = s.timesOf(c, 0); err != nil {
		return answer{}, err
	}
	if !q.Has("until") {
		f.Until = time.Time{}
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	ids, err := s.openIncidents(ctx, h)
	if err != nil {
		return answer{}, historyError(err)
	}
	p, items := page{}, []history.Incident{}
	if wantOpen && f.Before == 0 { // all of them, before the first page of the others
		open := f
		open.IDs, open.Limit = ids, maxLimit
		list, err := h.Incidents(ctx, open)
		if err != nil {
			return answer{}, historyError(err)
		}
		for _, in := range list {
			in.Open, in.Ended = true, time.Time{} // something of it is down now
			items = append(items, in)
		}
	}
	if wantEnded {
		f.Limit = limit + 1 + len(ids) // the open ones among them are told already
		list, err := h.Incidents(ctx, f)
		if err != nil {
			return answer{}, historyError(err)
		}
		list = slices.DeleteFunc(list, func(in history.Incident) bool { return slices.Contains(ids, in.ID) })
		if len(list) > limit {
			list = list[:limit]
			p.Next = strconv.FormatUint(list[limit-1].ID, 10)
		}
		for _, in := range list {
			if in.Open { // what failed is gone from the configuration, or nobody told its end
				in.Open = false
			}
			items = append(items, in)
		}
	}
	p.Items = items
	return answer{body: p}, nil
}

func (s *server) oneIncident(c *call) (answer, error) {
	id, err := strconv.ParseUint(c.PathValue("id"), 10, 63)
	if err != nil || id == 0 {
		return answer{}, problem(404, "not_found", "Incident "+withoutSecrets(c.PathValue("id"))+" does not exist.")
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	list, err := h.Incidents(ctx, history.IncidentFilter{IDs: []uint64{id}, Limit: 1})
	if err != nil {
		return answer{}, historyError(err)
	}
	if len(list) == 0 {
		return answer{}, problem(404, "not_found", "Incident "+strconv.FormatUint(id, 10)+" does not exist, or is older than what is kept.")
	}
	open, err := s.openIncidents(ctx, h)
	if err != nil {
		return answer{}, historyError(err)
	}
	if list[0].Open = slices.Contains(open, id); list[0].Open {
		list[0].Ended = time.Time{}
	}
	return answer{body: list[0]}, nil
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
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		e := &steer.Engine{Config: m, Verdict: s.Health.Verdict, Current: s.Health.Current}
		for _, n := range names {
			out.Strips = append(out.Strips, slotsOf(kind, n, courses[n], s.presentOf(m, e, kind, n), from, until, points))
		}
	})
	return answer{body: out}, nil
}

// present is what is known of an object without history: its state now, and since when
// there was one.
type present struct {
	state string
	since time.Time
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
	held := heldStates(c, p, from, until)
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
