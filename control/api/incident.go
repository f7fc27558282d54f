package api

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
)

// incidentAnswer is an incident with what happened in it.
type incidentAnswer struct {
	*history.Incident
	Steps []history.Transition `json:"steps" doc:"Its transitions, oldest first; the first 2,000."`
}

// incidentList is a page of incidents.
type incidentList struct {
	Items   []*history.Incident `json:"items"`
	Next    string              `json:"next_cursor,omitempty"`
	Total   int                 `json:"total"`
	Partial bool                `json:"partial" doc:"There was more in this time than is looked through at once; the oldest is missing. Ask for a shorter time."`
}

// dayParams is timeParams for what is rarer than an hour.
var dayParams = slices.Concat([]*huma.Param{query("last", huma.TypeString, "How far back from now, like 1h or 30d; default 24h. Instead of from.")}, timeParams[1:])

func (s *server) incidentRoutes() {
	s.route(route{method: "GET", path: "/history/incidents", id: "listIncidents", summary: "Stretches of trouble, from the first thing that went down until all was well again, newest first", tag: "Health", need: auth.Viewer,
		params: append(append([]*huma.Param{query("state", huma.TypeString, "open or over."), query("kind", huma.TypeString, "Only those that reached a task, vantage, address, pool or domain."),
			query("subject", huma.TypeString, "Only those that reached this, in full."), query("q", huma.TypeString, "Text in the cause or in the name of something that it reached, any case.")}, pageParams...), dayParams...),
		answer: s.schemaOf(reflect.TypeFor[incidentList]()), handle: s.incidentList})
	s.route(route{method: "GET", path: "/history/incidents/{id}", id: "readIncident", summary: "An incident and what happened in it", tag: "Health", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[incidentAnswer]()), handle: s.incident})
}

func (s *server) incidentList(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	v := c.URL.Query()
	f := history.IncidentFilter{Kind: v.Get("kind"), Subject: v.Get("subject"), Text: v.Get("q")}
	switch f.Kind {
	case "", history.OfTask, history.OfVantage, history.OfAddress, history.OfPool, history.OfDomain:
	default:
		return answer{}, invalidField("kind", "invalid_parameter", fmt.Sprintf("is %q; use task, vantage, address, pool or domain", f.Kind))
	}
	switch state := v.Get("state"); state {
	case "":
	case "open", "over":
		open := state == "open"
		f.Open = &open
	default:
		return answer{}, invalidField("state", "invalid_parameter", "must be open or over")
	}
	before := uint64(0)
	if cursor := v.Get("cursor"); cursor != "" {
		if before, err = strconv.ParseUint(cursor, 10, 63); err != nil || before == 0 {
			return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list; leave it out to begin anew")
		}
	}
	if f.From, f.Until, err = s.timesOf(c, 24*time.Hour); err != nil {
		return answer{}, err
	}
	if !v.Has("until") {
		f.Until = f.Until.Add(time.Hour) // who wrote them may have a clock that is ahead of this one
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	list, more, err := h.Incidents(ctx, f, s.stillDown())
	if err != nil {
		return answer{}, historyError(err)
	}
	out := incidentList{Items: []*history.Incident{}, Total: len(list), Partial: more}
	for _, in := range list {
		if before != 0 && in.ID >= before {
			continue
		}
		if len(out.Items) == limit {
			out.Next = strconv.FormatUint(out.Items[limit-1].ID, 10)
			break
		}
		out.Items = append(out.Items, in)
	}
	return answer{body: out}, nil
}

func (s *server) incident(c *call) (answer, error) {
	id, err := strconv.ParseUint(c.PathValue("id"), 10, 63)
	none := problem(http.StatusNotFound, "not_found", "There is no such incident, or it is kept no longer.")
	if err != nil || id == 0 {
		return answer{}, none
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	in, steps, err := h.Incident(ctx, id, s.Now(), s.stillDown())
	switch {
	case err != nil:
		return answer{}, historyError(err)
	case in == nil:
		return answer{}, none
	}
	return answer{body: incidentAnswer{in, steps}}, nil
}

// stillDown tells whether a thing is down at this moment.
func (s *server) stillDown() func(kind, subject string) bool {
	vantages := map[string]string{}
	for _, v := range s.Live.Vantages() {
		vantages[v.ID] = v.State
	}
	health := s.moment()
	return func(kind, subject string) (down bool) {
		switch kind {
		case history.OfVantage:
			return vantages[subject] == "lost" || vantages[subject] == "isolated"
		case history.OfTask:
			k, ok := taskKey(subject)
			t, known := s.Live.Task(k)
			return ok && known && t.State == "down"
		}
		s.control.View(func(m *traffic.Model, _ traffic.Position) {
			var o traffic.Object
			if a := m.Address(subject); kind == history.OfAddress && a != nil && a.Enabled {
				o = a
			} else if p := m.Pool(subject); kind == history.OfPool && p != nil && p.Enabled {
				o = p
			}
			down = o != nil && !control.Judge(m, health)(o).Available
		})
		return down
	}
}

// taskKey reads ADDRESS/TEMPLATE/PORT, or ADDRESS/TEMPLATE of a ping.
func taskKey(subject string) (traffic.TaskKey, bool) {
	address, rest, ok := strings.Cut(subject, "/")
	template, port, numbered := strings.Cut(rest, "/")
	k := traffic.TaskKey{Address: address, Template: template}
	if numbered {
		var err error
		if k.Port, err = strconv.Atoi(port); err != nil {
			return k, false
		}
	}
	return k, ok
}
