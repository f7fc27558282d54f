package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
)

// trafficBy is what an overview tells apart when nothing else is asked for.
var trafficBy = []string{history.ByName, history.ByLine, history.ByCountry, history.ByPool, history.ByAddress, history.ByRcode, history.ByType}

// compare says how much earlier the other time is, by the word that asks for it.
var compare = []string{"day", "week", "period"}

// trafficAnswer is all that a page of traffic shows.
type trafficAnswer struct {
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Compare string    `json:"compare" enum:"day,week,period" doc:"With what it is compared: the same time a day or a week before, or the period right before."`
	Before  time.Time `json:"from_before" doc:"Beginning of that time."`
	history.Overview
}

func (s *server) trafficRoutes() {
	params := []*huma.Param{query("by", huma.TypeString, "Dimensions, with commas, each told for itself: "+strings.Join(history.Dimensions, ", ")+". Default "+strings.Join(trafficBy, ", ")+". none leaves all out."),
		query("compare", huma.TypeString, "With which time to compare: day, week, or period for the one right before. Default day up to a day, week up to a week, period beyond.")}
	for _, d := range history.Dimensions {
		params = append(params, query(d, huma.TypeString, "Only with this "+d+"."))
	}
	s.route(route{method: "GET", path: "/stats/traffic", id: "readTraffic", summary: "Queries of a time beside an earlier one: total, change, success, over time and by each dimension", tag: "Traffic", need: auth.Viewer,
		params: append(append(params, topParam, stepParam, pointsParam), timeParams...), answer: s.schemaOf(reflect.TypeFor[trafficAnswer]()), handle: s.traffic})
}

func (s *server) traffic(c *call) (answer, error) {
	v := c.URL.Query()
	out := trafficAnswer{Compare: v.Get("compare")}
	q := history.OverviewQuery{Where: map[string]string{}, By: trafficBy}
	switch by := v.Get("by"); by {
	case "":
	case "none":
		q.By = nil
	default:
		q.By = strings.Split(by, ",")
	}
	for i, d := range q.By {
		if !slices.Contains(history.Dimensions, d) || slices.Contains(q.By[:i], d) {
			return answer{}, invalidField("by", "invalid_parameter", fmt.Sprintf("%q cannot stand here; use each of %s once, with commas", d, strings.Join(history.Dimensions, ", ")))
		}
	}
	for _, d := range history.Dimensions {
		if v.Has(d) {
			q.Where[d] = v.Get(d)
		}
	}
	var err error
	if q.Top, err = topOf(c); err != nil {
		return answer{}, err
	}
	if q.From, q.Until, err = s.timesOf(c, time.Hour); err != nil {
		return answer{}, err
	}
	length := q.Until.Sub(q.From)
	if q.Step, err = stepOf(c, length); err != nil {
		return answer{}, err
	}
	const day = 24 * time.Hour
	if out.Compare == "" {
		switch {
		case length <= day:
			out.Compare = "day"
		case length <= 7*day:
			out.Compare = "week"
		default:
			out.Compare = "period"
		}
	}
	switch out.Compare {
	case "day":
		q.Before = day
	case "week":
		q.Before = 7 * day
	case "period":
		q.Before = length
	default:
		return answer{}, invalidField("compare", "invalid_parameter", "must be one of "+strings.Join(compare, ", "))
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	o, err := h.Overview(ctx, q)
	if err != nil {
		return answer{}, historyError(err)
	}
	out.From, out.Until, out.Before, out.Overview = q.From, q.Until, q.From.Add(-q.Before), *o
	return answer{body: out}, nil
}
