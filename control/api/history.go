package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
)

// readLimit bounds a question to history: its database may be one that hangs.
const readLimit = 15 * time.Second

var timeParams = []*huma.Param{
	query("last", huma.TypeString, "How far back from now, like 1h or 30d; default 1h. Instead of from."),
	query("from", huma.TypeString, "Beginning, like 2026-11-25T00:00:00Z."),
	query("until", huma.TypeString, "End, exclusive; default now."),
}

var stepParam = query("step", huma.TypeString, "Length of an interval, like 1m, 1h or 1d; default what suits the time. A finer one than is kept becomes the finest that is.")

// pointsParam is for charts that have room for so many.
var pointsParam = query("points", huma.TypeInteger, fmt.Sprintf("About how many intervals, 2 to %d, in place of step: a sparkline needs 30.", history.MaxPoints-1))

// healthHistory is the answer of /history/health.
type healthHistory struct {
	From   time.Time             `json:"from"`
	Until  time.Time             `json:"until"`
	Step   int                   `json:"step_seconds"`
	Series []history.ProbeSeries `json:"series"`
}

func (s *server) historyRoutes() {
	s.route(route{method: "GET", path: "/history/transitions", id: "listTransitions", summary: "Transitions of health and what followed from them, newest first", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{query("kind", huma.TypeString, "task, vantage, address, pool or domain (its answers changed)."),
			query("subject", huma.TypeString, "ADDRESS/TEMPLATE/PORT, NAME/TYPE or a name, in full."), query("address", huma.TypeString, "Of this address and its tasks."),
			query("incident", huma.TypeInteger, "Only those of one incident: the id of its first.")}, append(optional(timeParams), pageParams...)...),
		answer: s.listOf("TransitionList", s.schemaOf(reflect.TypeFor[history.Transition]())), handle: s.transitions})
	s.route(route{method: "GET", path: "/history/health", id: "readHealthHistory", summary: "Latency and loss of health tasks over time, by vantage", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{query("address", huma.TypeString, "Only tasks of this address."), query("template", huma.TypeString, "Only tasks of this template."),
			query("port", huma.TypeInteger, "Only tasks at this port."), query("vantage", huma.TypeString, "Only as seen from this vantage."),
			query("by", huma.TypeString, "What to tell apart: task, vantage or both with a comma; none adds all up. Default both."), stepParam, pointsParam}, timeParams...),
		answer: s.schemaOf(reflect.TypeFor[healthHistory]()), handle: s.healthHistory})
	retention := s.schemaOf(reflect.TypeFor[history.Retention]())
	s.route(route{method: "GET", path: "/history/retention", id: "readRetention", summary: "For how long history and statistics are kept", tag: "State", need: auth.Viewer, answer: retention,
		handle: func(c *call) (answer, error) {
			ctx, cancel := bounded(c)
			defer cancel()
			h, err := s.keeper()
			if err != nil {
				return answer{}, err
			}
			r, err := h.Retention(ctx)
			return answer{body: r}, historyError(err)
		}})
	s.route(route{method: "PUT", path: "/history/retention", id: "setRetention", summary: "Set for how long history and statistics are kept", tag: "State", need: auth.Admin,
		body: retention, answer: retention, handle: s.setRetention})
}

// optional is timeParams where no time means all.
func optional(params []*huma.Param) []*huma.Param {
	out := make([]*huma.Param, len(params))
	for i, p := range params {
		q := *p
		q.Description = strings.Replace(q.Description, "; default 1h", "", 1)
		out[i] = &q
	}
	return out
}

func bounded(c *call) (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.Context(), readLimit)
}

// keeper returns the history, which an embedding without one lacks.
func (s *server) keeper() (*history.History, error) {
	if s.History == nil {
		return nil, problem(http.StatusServiceUnavailable, "no_history", "This process keeps no history.")
	}
	return s.History, nil
}

// timesOf reads from, until and last. Without any it goes back by fallback; 0 leaves
// the beginning open.
func (s *server) timesOf(c *call, fallback time.Duration) (from, until time.Time, err error) {
	q := c.URL.Query()
	until = s.Now().UTC()
	for _, p := range []struct {
		name string
		into *time.Time
	}{{"until", &until}, {"from", &from}} {
		if v := q.Get(p.name); v != "" {
			if *p.into, err = time.Parse(time.RFC3339, v); err != nil {
				return from, until, invalidField(p.name, "invalid_parameter", "must be a time like 2026-11-25T00:00:00Z")
			}
		}
	}
	if v := q.Get("last"); v != "" {
		d, err := durationOf(v)
		if err != nil || d <= 0 {
			return from, until, invalidField("last", "invalid_parameter", "must be a length of time like 1h or 30d")
		}
		if !from.IsZero() {
			return from, until, invalidField("last", "invalid_parameter", "stands beside from; leave one out")
		}
		fallback = d
	}
	if from.IsZero() && fallback > 0 {
		from = until.Add(-fallback)
	}
	if !from.Before(until) {
		return from, until, invalidField("from", "invalid_parameter", "must be before until")
	}
	return from, until, nil
}

// durationOf reads a length of time that may be in days.
func durationOf(v string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(v)
}

// stepOf reads step or points, of a time of that length; 0 is what suits.
func stepOf(c *call, length time.Duration) (time.Duration, error) {
	v := c.URL.Query().Get("step")
	if p := c.URL.Query().Get("points"); p != "" {
		n, err := strconv.Atoi(p)
		switch {
		case v != "":
			return 0, invalidField("points", "invalid_parameter", "stands beside step; leave one out")
		case err != nil || n < 2 || n >= history.MaxPoints:
			return 0, invalidField("points", "invalid_parameter", fmt.Sprintf("must be 2 to %d", history.MaxPoints-1))
		}
		return history.StepFor(length, n), nil
	}
	if v == "" {
		return 0, nil
	}
	d, err := durationOf(v)
	if err != nil || d < time.Minute || d%time.Minute != 0 {
		return 0, invalidField("step", "invalid_parameter", "must be whole minutes, hours or days, like 1m, 6h or 1d")
	}
	return d, nil
}

// historyError gives what history refuses its public form.
func historyError(err error) error {
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "history_unavailable", "The database of history and statistics does not answer now. The configuration does not depend on it; ask again later.")
	case errors.Is(err, history.ErrTooMany):
		return invalidField("", "too_many_series", fmt.Sprintf("more than %d series fit; ask for one address or vantage", history.MaxSeries))
	case errors.Is(err, history.ErrTooFine):
		return invalidField("step", "too_many_points", fmt.Sprintf("gives more than %d intervals; take a longer step or a shorter time", history.MaxPoints))
	case errors.Is(err, history.ErrTooWide):
		return invalidField("group_by", "too_many_series", "tells more apart than can be looked through at once; ask for a name, pool or zone, for less time, or for totals=true")
	case errors.Is(err, history.ErrDimensions):
		return invalidField("group_by", "not_counted_together", "these are not counted together: "+combinations)
	}
	return err
}

func (s *server) transitions(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	f := history.TransitionFilter{Kind: q.Get("kind"), Subject: q.Get("subject"), Address: q.Get("address"), Limit: limit + 1}
	switch f.Kind {
	case "", "task", "vantage", "address", "pool", "domain":
	default:
		return answer{}, invalidField("kind", "invalid_parameter", fmt.Sprintf("is %q; use task, vantage, address, pool or domain", f.Kind))
	}
	for name, into := range map[string]*uint64{"cursor": &f.Before, "incident": &f.Incident} {
		if v := q.Get(name); v != "" {
			if *into, err = strconv.ParseUint(v, 10, 63); err != nil || *into == 0 {
				return answer{}, invalidField(name, "invalid_parameter", "must be the id of a transition")
			}
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
	list, err := h.Transitions(ctx, f)
	if err != nil {
		return answer{}, historyError(err)
	}
	p := page{}
	if len(list) > limit {
		list = list[:limit]
		p.Next = strconv.FormatUint(list[limit-1].ID, 10)
	}
	p.Items = list
	return answer{body: p}, nil
}

func (s *server) healthHistory(c *call) (answer, error) {
	v := c.URL.Query()
	q := history.ProbeQuery{Address: v.Get("address"), Template: v.Get("template"), Vantage: v.Get("vantage"), Port: -1, ByTask: true, ByVantage: true}
	var err error
	if p := v.Get("port"); p != "" {
		if q.Port, err = strconv.Atoi(p); err != nil || q.Port < 0 || q.Port > 65535 {
			return answer{}, invalidField("port", "invalid_parameter", "must be 0 to 65535")
		}
	}
	if v.Has("by") {
		q.ByTask, q.ByVantage = false, false
		for w := range strings.SplitSeq(v.Get("by"), ",") {
			switch w {
			case "task":
				q.ByTask = true
			case "vantage":
				q.ByVantage = true
			case "none":
			default:
				return answer{}, invalidField("by", "invalid_parameter", "must be task, vantage, both with a comma, or none")
			}
		}
	}
	if q.From, q.Until, err = s.timesOf(c, time.Hour); err != nil {
		return answer{}, err
	}
	if q.Step, err = stepOf(c, q.Until.Sub(q.From)); err != nil {
		return answer{}, err
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	series, step, err := h.Series(ctx, q)
	if err != nil {
		return answer{}, historyError(err)
	}
	return answer{body: healthHistory{q.From, q.Until, int(step / time.Second), series}}, nil
}

func (s *server) setRetention(c *call) (answer, error) {
	r, err := decode[history.Retention](s, c)
	if err != nil {
		return answer{}, err
	}
	if field, text := r.Check(); field != "" {
		return answer{}, invalidField(field, "out_of_range", text)
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	return answer{body: r}, historyError(h.SetRetention(ctx, r))
}
