package api

import (
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
)

func (s *server) eventRoutes() {
	s.route(route{method: "GET", path: "/events", id: "listEvents", summary: "What happened, newest first", tag: "State", need: auth.Viewer,
		params: append([]*huma.Param{
			query("after", huma.TypeInteger, "Only events after this id, oldest first: to follow."),
			query("kind", huma.TypeString, "health, node, token, …"), query("subject", huma.TypeString, "What it is about, in full."),
			query("severity", huma.TypeString, "info, warning or error."), query("from", huma.TypeString, "Since a time, like 2026-11-25T00:00:00Z."), query("until", huma.TypeString, "Before a time."), query("q", huma.TypeString, "Text in subject or sentence, any case.")}, pageParams...),
		answer: s.listOf("EventList", s.schemaOf(reflect.TypeFor[control.Event]())), handle: s.events})
}

func (s *server) events(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	f := history.EventFilter{Kind: q.Get("kind"), Subject: q.Get("subject"), Severity: q.Get("severity"), Text: q.Get("q"), Limit: limit + 1}
	for name, into := range map[string]*time.Time{"from": &f.From, "until": &f.Until} {
		if v := q.Get(name); v != "" {
			if *into, err = time.Parse(time.RFC3339, v); err != nil {
				return answer{}, invalidField(name, "invalid_parameter", "must be a time like 2026-11-25T00:00:00Z")
			}
		}
	}
	if q.Has("after") {
		f.Forward = true
		if f.After, err = strconv.ParseUint(q.Get("after"), 10, 63); err != nil {
			return answer{}, invalidField("after", "invalid_parameter", "must be the id of an event")
		}
	}
	if v := q.Get("cursor"); v != "" {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil || n == 0 {
			return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list; leave it out to begin anew")
		}
		if f.Forward {
			f.After = n
		} else {
			f.Before = n
		}
	}
	ctx, cancel := bounded(c)
	defer cancel()
	list, err := s.control.Events(ctx, f)
	if err != nil {
		return answer{}, historyError(err)
	}
	p := page{}
	if len(list) > limit {
		list = list[:limit]
		p.Next = strconv.FormatUint(list[limit-1].ID, 10)
	}
	if list == nil {
		list = []control.Event{}
	}
	p.Items = list
	return answer{body: p}, nil
}
