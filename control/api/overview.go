package api

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/overview"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

const (
	defaultProblems = 50
	mostProblems    = 500
	// incidentWait bounds how long an overview waits for history, which only adds to it.
	incidentWait = time.Second
)

func (s *server) overviewRoutes() {
	s.route(route{method: "GET", path: "/overview", id: "getOverview", summary: "What is wrong now, since when, why, and what clients get instead", tag: "State", need: auth.Viewer,
		params: []*huma.Param{query("limit", huma.TypeInteger, fmt.Sprintf("Most problems of each kind, 1 to %d; default %d.", mostProblems, defaultProblems))},
		answer: s.schemaOf(reflect.TypeFor[overview.Overview]()), handle: s.overview})
}

func (s *server) overview(c *call) (answer, error) {
	limit := defaultProblems
	if v := c.URL.Query().Get("limit"); v != "" {
		var err error
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > mostProblems {
			return answer{}, invalidField("limit", "invalid_parameter", fmt.Sprintf("must be 1 to %d", mostProblems))
		}
	}
	nodes, err := s.everyNode(c.Context())
	if err != nil {
		return answer{}, err
	}
	return answer{body: s.looks.get(limit, func() *overview.Overview {
		var out *overview.Overview
		src := overview.Source{Health: s.moment(), Task: s.Live.Task, Nodes: nodes, Vantages: s.Live.Vantages(), Chain: s.chains(), Now: s.Now().UTC(), Limit: limit}
		s.control.ViewMeta(func(m *traffic.Model, p traffic.Position, meta func(traffic.Key) store.Meta) {
			src.Model, src.Meta = m, meta
			out = overview.Look(src)
			out.Revision = p.Revision
		})
		s.incidents(c.Context(), out.Problems)
		return out
	})}, nil
}

// chains returns the lines of a typical client of a line.
func (s *server) chains() func(string) []string {
	w := s.world()
	if w == nil {
		w, _ = line.NewWorld(nil, nil) // without custom lines it cannot fail
	}
	return func(code string) []string {
		if chain, ok := w.ChainOf(code); ok {
			return chain
		}
		return []string{code, line.Default}
	}
}

// incidents notes the incident that the last transition of each problem belongs to. An
// overview without them is better than none.
func (s *server) incidents(ctx context.Context, list []overview.Problem) {
	if s.History == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, incidentWait)
	defer cancel()
	kinds := map[string]string{string(traffic.KindAccessDomain): history.OfDomain, string(traffic.KindPool): history.OfPool, string(traffic.KindAddress): history.OfAddress,
		overview.KindTask: history.OfTask, overview.KindVantage: history.OfVantage}
	var of []history.Subject
	for _, p := range list {
		if k := kinds[p.Kind]; k != "" {
			of = append(of, history.Subject{Kind: k, Name: p.Name})
		}
	}
	last, err := s.History.Last(ctx, of)
	if err != nil {
		s.log.Debug("overview without incidents", "err", err)
		return
	}
	for i := range list {
		list[i].Incident = last[history.Subject{Kind: kinds[list[i].Kind], Name: list[i].Name}].Incident
	}
}

// looks keeps the last overview of each limit for a while that its cost sets, so that many
// consoles on a large installation cost one look, and a small one is never late.
type looks struct {
	mu   sync.Mutex // guards kept; held during a look, so that one serves all who wait
	kept map[int]look
}

type look struct {
	of    *overview.Overview
	until time.Time
}

const (
	lookWorth = 10 * time.Millisecond // a cheaper look is not kept
	lookKept  = 5                     // times its cost
	lookMost  = 2 * time.Second
)

func (l *looks) get(limit int, f func() *overview.Overview) *overview.Overview {
	l.mu.Lock()
	defer l.mu.Unlock()
	began := time.Now()
	if k, ok := l.kept[limit]; ok && began.Before(k.until) {
		return k.of
	}
	k := look{of: f()}
	if cost := time.Since(began); cost >= lookWorth {
		k.until = time.Now().Add(min(lookKept*cost, lookMost))
		if l.kept == nil || len(l.kept) > 8 { // nobody asks with so many limits
			l.kept = map[int]look{}
		}
		l.kept[limit] = k
	}
	return k.of
}
